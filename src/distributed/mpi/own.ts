import type { Communicator, Summable } from "../communicator.ts";
import type { MpiCalls } from "./calls.ts";
import type { Joined } from "./protocol.ts";

/** The group as MPI's own thread has it: calls are made at once, and sums are added up in place. */
export class OwnGroup implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly library: string;
  readonly spent = { milliseconds: 0, waiting: 0, bytes: 0, calls: 0 };
  readonly #calls: MpiCalls;

  constructor(calls: MpiCalls, joined: Joined) {
    this.#calls = calls;
    this.rank = joined.rank;
    this.size = joined.size;
    this.localRank = joined.localRank;
    this.localSize = joined.localSize;
    this.library = joined.library;
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
    const { waited, sent } = this.#calls, start = performance.now();
    try {
      return Promise.resolve(call());
    } catch (error) {
      return Promise.reject(error);
    } finally {
      this.spent.milliseconds += performance.now() - start;
      this.spent.waiting += this.#calls.waited - waited;
      this.spent.bytes += this.#calls.sent - sent;
      this.spent.calls++;
    }
  }
}
