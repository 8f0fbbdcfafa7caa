import type { Communicator, Spent, Summable } from "../communicator.ts";
import type { MpiCalls } from "./calls.ts";
import type { Joined } from "./protocol.ts";

/** The group as MPI's own thread has it: calls are made at once, and sums are added up in place. */
export class OwnGroup implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly library: string;
  readonly #calls: MpiCalls;
  #milliseconds = 0;
  #made = 0;

  constructor(calls: MpiCalls, joined: Joined) {
    this.#calls = calls;
    this.rank = joined.rank;
    this.size = joined.size;
    this.localRank = joined.localRank;
    this.localSize = joined.localSize;
    this.library = joined.library;
  }

  get spent(): Spent {
    const { waited, sent } = this.#calls;
    const [milliseconds, calls] = [this.#milliseconds, this.#made];
    return { milliseconds, waiting: waited, bytes: sent, calls };
  }

  sum<T extends Summable>(values: T): Promise<T> {
    return this.#make(() => this.#calls.sum(values));
  }

  gather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#make(() => this.#calls.gather(bytes));
  }

  broadcast(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return this.#make(() => this.#calls.broadcast(bytes));
  }

  abort(code: number): never {
    this.#calls.abort(code);
    Deno.exit(code);
  }

  close(): Promise<void> {
    return this.#make(() => this.#calls.close());
  }

  #make<T>(call: () => T): Promise<T> {
    const start = performance.now();
    try {
      return Promise.resolve(call());
    } catch (error) {
      return Promise.reject(error);
    } finally {
      this.#milliseconds += performance.now() - start;
      this.#made++;
    }
  }
}
