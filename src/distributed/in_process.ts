import type { Communicator, Summable } from "./communicator.ts";
import { addTerms } from "./halves.ts";

/** What a rank learns where another one ended the group. */
export class GroupAborted extends Error {
  /** @param code the exit code that it ended with */
  constructor(readonly code: number) {
    super(`The group was ended with code ${code}`);
  }
}

/**
 * A group within one process: ranks are tasks of one event loop. It adds and orders as MPI's group does, so that
 * tests of what ranks do together need no launcher.
 *
 * @param size ranks
 */
export function inProcessGroup(size: number): Communicator[] {
  const meeting = new Meeting(size);
  return Array.from({ length: size }, (_, rank) => member(meeting, rank));
}

function member(meeting: Meeting, rank: number): Communicator {
  const { size } = meeting;
  const spent = { milliseconds: 0, waiting: 0, bytes: 0, calls: 0 };
  const meet = async (kind: string, bytes: Uint8Array<ArrayBuffer>) => {
    const start = performance.now();
    const all = await meeting.meet(kind, rank, bytes);
    const waited = performance.now() - start;
    spent.milliseconds += waited;
    spent.waiting += waited;
    spent.bytes += bytes.length;
    spent.calls++;
    return all;
  };
  return {
    rank,
    size,
    localRank: rank,
    localSize: size,
    library: "in process",
    spent,
    async sum<T extends Summable>(values: T): Promise<T> {
      const { buffer, byteOffset, byteLength } = values;
      // A copy: whoever has its sums goes on to what may lie there next.
      const own = new Uint8Array(buffer, byteOffset, byteLength).slice();
      const all = await meet("sum", own);
      const Kind = values.constructor as new (length: number) => T;
      const terms = new Kind(values.length * size);
      const place = new Uint8Array(terms.buffer);
      all.forEach((bytes, i) => place.set(bytes, i * byteLength));
      return addTerms(terms, size);
    },
    gather: async (bytes) =>
      (await meet("gather", bytes)).map((one) => one.slice()),
    broadcast: async (bytes) => (await meet("broadcast", bytes))[0].slice(),
    abort: (code) => Promise.reject(meeting.abort(code)),
    close: async () => void await meet("close", new Uint8Array(0)),
  };
}

/** Where ranks wait for each other, call by call. */
class Meeting {
  #round = new Round();
  #aborted: GroupAborted | undefined;

  constructor(readonly size: number) {}

  meet(
    kind: string,
    rank: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>[]> {
    if (this.#aborted !== undefined) return Promise.reject(this.#aborted);
    const round = this.#round;
    round.come(kind, rank, bytes);
    if (round.given.size === this.size) {
      this.#round = new Round();
      const ranks = [...round.given.keys()].sort((a, b) => a - b);
      round.done.resolve(ranks.map((one) => round.given.get(one)!));
    }
    return round.done.promise;
  }

  abort(code: number): GroupAborted {
    this.#aborted ??= new GroupAborted(code);
    this.#round.done.promise.catch(() => {});
    this.#round.done.reject(this.#aborted);
    return this.#aborted;
  }
}

class Round {
  readonly given = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly done = Promise.withResolvers<Uint8Array<ArrayBuffer>[]>();
  #kind: string | undefined;

  come(kind: string, rank: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#kind ??= kind;
    if (this.#kind !== kind || this.given.has(rank)) {
      throw new Error(`Rank ${rank} calls ${kind} while others ${this.#kind}`);
    }
    this.given.set(rank, bytes);
  }
}
