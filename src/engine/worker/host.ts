import { DbksvdError } from "../../errors.ts";
import type { Engine, EngineOptions, EngineSpec } from "../engine.ts";
import { answer, inOrder, type Post, postToOwner } from "./answering.ts";
import {
  type EngineCall,
  type Held,
  type Request,
  transfersOf,
} from "./protocol.ts";

/** Makes the engine that lives in the worker. */
export type EngineMaker = (
  spec: EngineSpec,
  options: EngineOptions,
) => Promise<Engine>;

/** The calls whose rows' memory is given back as soon as the engine has taken them in. */
const TAKING: readonly EngineCall[] = ["iterate", "begin", "iterateTogether"];

/** Serves one engine to the thread that started this worker: calls are carried out one after the other, in order. */
export function serveEngine(make: EngineMaker): void {
  const served = new ServedEngine(make, postToOwner);
  self.onmessage = inOrder((request: Request) => served.answer(request));
}

/** An engine that lives in this thread, and what is asked of it from another one. */
export class ServedEngine {
  readonly #make: EngineMaker;
  readonly #post: Post;
  #engine: Engine | undefined;

  /**
   * @param make makes the engine
   * @param post sends what it has to say
   */
  constructor(make: EngineMaker, post: Post) {
    this.#make = make;
    this.#post = post;
  }

  /** Carries out one request, and answers; the one before must be done. */
  answer(request: Request): Promise<void> {
    return answer(request.id, this.#post, () => this.#carryOut(request));
  }

  async #carryOut(request: Request): Promise<unknown> {
    if ("create" in request) {
      const { spec, ...options } = request.create;
      this.#engine = await this.#make(spec, {
        ...options,
        onNotice: (notice) => this.#post({ notice }),
        onProgress: (progress) => this.#post({ progress }),
      });
      return { info: this.#engine.info };
    }
    const engine = this.#engine, { call, args } = request;
    if (engine === undefined) return;
    if (call === "holdRows") return await hold(engine, args[0] as Rows);
    if (TAKING.includes(call)) this.#giveBack(request.id, args[0] as Rows);
    const method = (engine as Partial<Record<EngineCall, unknown>>)[call] as
      | ((...args: unknown[]) => unknown)
      | undefined;
    if (method === undefined) {
      if (call === "gramPart") return undefined;
      throw new DbksvdError(
        "usage",
        `The ${engine.info.kind.toUpperCase()} engine here cannot add up updates with others`,
        {
          mend:
            "train without --mpi, --shards and --sums, or on another --device",
        },
      );
    }
    return await method.apply(engine, args);
  }

  // Once the engine has rows, their memory is for others to come.
  #giveBack(id: number, rows: Rows & { release?: () => void }): void {
    const { data } = rows;
    if (data === undefined) return;
    rows.release = () => this.#post({ id, taken: data }, transfersOf([data]));
  }
}

type Rows = { data: Float32Array; rows: number };

async function hold(engine: Engine, rows: Rows): Promise<Held> {
  const held = await engine.holdRows(rows);
  return { held, data: rows.data };
}
