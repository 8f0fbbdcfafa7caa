import type { Adding, Summable } from "../communicator.ts";
import type { MpiCalls } from "./calls.ts";

/** The group as MPI's own thread has it: calls are made at once, and sums are added up in place. */
export class OwnGroup implements Adding {
  readonly rank: number;
  readonly size: number;
  readonly spent = { milliseconds: 0, waiting: 0, bytes: 0, calls: 0 };
  readonly #calls: MpiCalls;

  /** @param calls of the thread */
  constructor(calls: MpiCalls) {
    this.#calls = calls;
    this.rank = calls.rank;
    this.size = calls.size;
  }

  sum<T extends Summable>(values: T): Promise<T> {
    return this.#make(() => this.#calls.sum(values));
  }

  gather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#make(() => this.#calls.gather(bytes));
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
