import { DbksvdError } from "../../errors.ts";
import type { Engine, EngineOptions, EngineSpec } from "../engine.ts";
import type { GroupEngine } from "../group_engine.ts";
import {
  type Held,
  recordOf,
  type Reply,
  type Request,
  transfersOf,
} from "./protocol.ts";

/** Makes the engine that lives in the worker. */
export type EngineMaker = (
  spec: EngineSpec,
  options: EngineOptions,
) => Promise<Engine>;

/** Serves one engine to the thread that started this worker: calls are carried out one after the other, in order. */
export function serveEngine(make: EngineMaker): void {
  const served = new ServedEngine(make);
  let last: Promise<void> = Promise.resolve();
  self.onmessage = ({ data }: MessageEvent<Request>) => {
    last = last.then(() => served.answer(data));
  };
}

class ServedEngine {
  #engine: Engine | undefined;

  constructor(readonly make: EngineMaker) {}

  async answer(request: Request): Promise<void> {
    try {
      const value = await this.#carryOut(request);
      const arrays = ArrayBuffer.isView(value)
        ? [value]
        : Object.values(value ?? {});
      post({ id: request.id, value }, transfersOf(arrays));
    } catch (error) {
      post({ id: request.id, error: recordOf(error) });
    }
  }

  async #carryOut(request: Request): Promise<unknown> {
    if ("create" in request) {
      const { spec, ...options } = request.create;
      this.#engine = await this.make(spec, {
        ...options,
        onNotice: (notice) => post({ notice }),
        onProgress: (progress) => post({ progress }),
      });
      return { info: this.#engine.info };
    }
    const engine = this.#engine;
    if (engine === undefined) return;
    if (request.call === "holdRows") {
      return await hold(engine, request.args[0] as Rows);
    }
    if (request.call === "iterate" || request.call === "begin") {
      giveBack(request.id, request.args[0] as Rows);
    }
    const call = (engine as GroupEngine)[request.call] as
      | ((...args: unknown[]) => unknown)
      | undefined;
    if (call === undefined) {
      if (request.call === "gramPart") return undefined;
      throw new DbksvdError(
        "usage",
        `The ${engine.info.kind.toUpperCase()} engine here cannot add up updates with others`,
        {
          mend:
            "train without --mpi, --shards and --sums, or on another --device",
        },
      );
    }
    return await call.apply(engine, request.args);
  }
}

type Rows = { data: Float32Array; rows: number };

async function hold(engine: Engine, rows: Rows): Promise<Held> {
  const held = await engine.holdRows(rows);
  return { held, data: rows.data };
}

// Once the engine has rows, their memory is for others to come.
function giveBack(id: number, rows: Rows & { release?: () => void }): void {
  const { data } = rows;
  if (data === undefined) return;
  rows.release = () => post({ id, taken: data }, transfersOf([data]));
}

function post(reply: Reply, transfer: ArrayBuffer[] = []): void {
  self.postMessage(reply, { transfer });
}
