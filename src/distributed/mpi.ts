import { errorOf, transfersOf } from "../engine/worker/protocol.ts";
import type { EngineThread } from "../engine/worker/line.ts";
import { noteEndOfGpuWorker } from "../engine/worker/teardown.ts";
import { DbksvdError } from "../errors.ts";
import type { Communicator, Spent, Summable } from "./communicator.ts";
import {
  launchedBy,
  type ReadVariable,
  requireSameGroup,
} from "./mpi/launcher.ts";
import { candidates } from "./mpi/library.ts";
import { HostedEngine } from "./mpi/hosted.ts";
import type {
  Joined,
  MpiReply,
  MpiRequest,
  ThreadReply,
} from "./mpi/protocol.ts";

/** MPI's own end of a group gets so long; then this process ends by itself, which the launcher takes for a failure. */
const ABORT_MS = 2000;

/**
 * Joins the group that mpirun, mpiexec or srun started this process in; without one of them, a group of one. All
 * calls of MPI are made by one thread of their own, which lives until the group is closed.
 *
 * @param read reads the environment: `DBKSVD_MPI` names the library, launchers tell of the group
 * @throws {DbksvdError} `usage` where there is no library, or the launcher is not of the library's kind
 *
 * @example
 * ```ts ignore
 * // mpirun -n 8 deno run -A train.ts
 * import { openRows, train } from "@dbksvd/dbksvd";
 * import { joinMpi } from "@dbksvd/dbksvd/engine";
 * const group = await joinMpi((name) => Deno.env.get(name));
 * const rows = await openRows(["activations/"]);
 * const { heldOut } = await train(rows, { shards: 64, sums: 2 }, { group });
 * if (group.rank === 0) console.log(heldOut?.fvu);
 * await group.close();
 * ```
 */
export async function joinMpi(read: ReadVariable): Promise<Communicator> {
  await requireForeign();
  const launched = launchedBy(read);
  const line = new MpiLine();
  try {
    const paths = candidates(read("DBKSVD_MPI"), launched);
    const joined = await line.ask({ join: { paths } }) as Joined;
    requireSameGroup(launched, joined);
    return new MpiCommunicator(line, joined);
  } catch (error) {
    line.end();
    throw error;
  }
}

async function requireForeign(): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "ffi" });
  if (state === "granted") return;
  throw new DbksvdError(
    "usage",
    "--mpi opens a native library, which this program may not",
    {
      mend:
        "run ./dbksvd of the repository, or deno run -P=mpi; the compiled program cannot",
    },
  );
}

class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly library: string;
  readonly #line: MpiLine;

  constructor(line: MpiLine, joined: Joined) {
    this.#line = line;
    this.rank = joined.rank;
    this.size = joined.size;
    this.localRank = joined.localRank;
    this.localSize = joined.localSize;
    this.library = `${joined.library} (${joined.path})`;
  }

  get spent() {
    return this.#line.spent;
  }

  readonly engineThread = (): EngineThread => this.#line.engineThread();

  async sum<T extends Summable>(values: T): Promise<T> {
    if (this.size === 1) return values;
    return await this.#line.ask({ sum: values }, [values]) as T;
  }

  async gather(
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>[]> {
    const all = await this.#line.ask({ gather: bytes }, [bytes]);
    // They came in one buffer.
    return (all as Uint8Array<ArrayBuffer>[]).map((one) => one.slice());
  }

  async broadcast(
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#line.ask({ broadcast: bytes }, [bytes]) as Uint8Array<
      ArrayBuffer
    >;
  }

  // MPI's thread may be waiting for ranks that never come: the end of this process does then what MPI_Abort would.
  async abort(code: number): Promise<never> {
    setTimeout(() => Deno.exit(code), ABORT_MS);
    if (this.#line.waits) Deno.exit(code);
    await this.#line.ask({ abort: code });
    Deno.exit(code);
  }

  async close(): Promise<void> {
    await this.#line.ask({ close: true });
    this.#line.end();
  }
}

type Question = MpiRequest extends infer R
  ? R extends { id: number } ? Omit<R, "id"> : never
  : never;

/** Questions to MPI's thread, one at a time, and its answers. */
class MpiLine {
  readonly #spent = { milliseconds: 0, waiting: 0, bytes: 0, calls: 0 };
  /** By the calls that engines made there. */
  #spentThere = { ...this.#spent };
  readonly #worker = new Worker(new URL("./mpi/worker.ts", import.meta.url), {
    type: "module",
    name: "dbksvd MPI",
  });
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #engines: HostedEngine[] = [];
  #asked = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadReply>) => {
      if (!("engine" in data)) return this.#take(data);
      this.#spentThere = data.spent;
      this.#engines[data.engine].take(data.reply);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const engine of this.#engines) engine.fail(event);
      const why = new DbksvdError(
        "run",
        `MPI's thread failed: ${event.message}`,
      );
      for (const { reject } of this.#waiting.values()) reject(why);
      this.#waiting.clear();
    };
  }

  /** By all calls. */
  get spent(): Spent {
    const here = this.#spent, there = this.#spentThere;
    return {
      milliseconds: here.milliseconds + there.milliseconds,
      waiting: here.waiting + there.waiting,
      bytes: here.bytes + there.bytes,
      calls: here.calls + there.calls,
    };
  }

  /** Whether an answer is still to come. */
  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /** Where one more engine can live. */
  engineThread(): EngineThread {
    const number = this.#engines.length;
    const engine = new HostedEngine((request, transfer) =>
      this.#worker.postMessage({ engine: number, request }, transfer)
    );
    this.#engines.push(engine);
    return engine;
  }

  async ask(question: Question, give: unknown[] = []): Promise<unknown> {
    const id = this.#asked++, start = performance.now();
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#worker.postMessage({ id, ...question }, transfersOf(give));
    const value = await answer.promise;
    this.#spent.milliseconds += performance.now() - start;
    this.#spent.calls++;
    return value;
  }

  end(): void {
    this.#worker.terminate();
    if (this.#engines.some(({ mayHaveGpu }) => mayHaveGpu)) {
      noteEndOfGpuWorker();
    }
  }

  #take(reply: MpiReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("error" in reply) return waiting?.reject(errorOf(reply.error));
    this.#spent.bytes += reply.bytes;
    this.#spent.waiting += reply.waited;
    waiting?.resolve(reply.value);
  }
}
