import { DbksvdError } from "../../errors.ts";
import { bytesOf } from "../../bytes.ts";
import type { Summable } from "../communicator.ts";
import { TermsAdder } from "../terms.ts";
import type { MpiLibrary } from "./library.ts";
import type { Joined } from "./protocol.ts";

/** MPI_THREAD_FUNNELED: one thread of the process calls MPI. */
const FUNNELED = 1;

/** MPI's counts are 32 bits: more than this goes in pieces. */
const MOST_BYTES = 2 ** 30;

/** Sums are made in pieces whose terms stay in a processor's cache. */
const SUM_BYTES = 2 ** 22;

/**
 * Pauses between two looks at whether the others have come: the shortest, the longest, and as a share of what was
 * waited so far.
 */
const PAUSE = { least: 0.02, most: 5, share: 0.05 };

/** Room for the texts that MPI returns, beyond what any library writes. */
const TEXT_BYTES = 8192;

/**
 * The calls of a group over MPI, blocking, for the one thread that makes them. Only bytes are sent: they are added
 * here, in a fixed order, so that sums depend neither on the library nor on the way that the bytes take.
 */
export class MpiCalls {
  readonly #mpi: MpiLibrary;
  readonly rank: number;
  readonly size: number;
  readonly #adder: TermsAdder;
  readonly #onWait: () => void;
  /** Bytes sent so far. */
  sent = 0;
  /** Milliseconds waited for other ranks so far. */
  waited = 0;

  /**
   * Joins the group that the launcher started this process in.
   *
   * @param mpi the library
   * @param onWait called at every look at whether the others have come
   */
  constructor(mpi: MpiLibrary, onWait: () => void = () => {}) {
    this.#mpi = mpi;
    this.#onWait = onWait;
    const provided = new Int32Array(1);
    this.#check(
      mpi.call.MPI_Init_thread(null, null, FUNNELED, provided),
      "MPI_Init_thread",
    );
    this.rank = this.#number("MPI_Comm_rank");
    this.size = this.#number("MPI_Comm_size");
    this.#adder = new TermsAdder(this.size);
  }

  /** Who and where this rank is. Collective. */
  joined(): Joined {
    const { call, path } = this.#mpi;
    const version = text((out, length) =>
      call.MPI_Get_library_version(out, length)
    );
    const name = text((out, length) =>
      call.MPI_Get_processor_name(out, length)
    );
    const machines = this.gather(new TextEncoder().encode(name))
      .map((bytes) => new TextDecoder().decode(bytes));
    const here = (machine: string) => machine === machines[this.rank];
    return {
      rank: this.rank,
      size: this.size,
      localRank: machines.slice(0, this.rank).filter(here).length,
      localSize: machines.filter(here).length,
      library: shortVersion(version),
      path,
    };
  }

  /** Adds up over the ranks, in place. */
  sum<T extends Summable>(values: T): T {
    if (this.size === 1) return values;
    this.#wait();
    const most = SUM_BYTES / values.BYTES_PER_ELEMENT;
    for (let at = 0; at < values.length; at += most) {
      this.#sumPiece(values.subarray(at, at + most));
    }
    return values;
  }

  /** What every rank gives. */
  gather(own: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
    this.#wait();
    const lengths = new Float64Array(
      this.#gatherPiece(bytesOf(Float64Array.of(own.length)))
        .buffer,
    );
    const most = Math.floor(MOST_BYTES / this.size);
    const longest = Math.max(...lengths);
    if (longest <= most) {
      const counts = Int32Array.from(lengths);
      return split(this.#gatherPiece(own, counts), counts);
    }
    const all = Array.from(lengths, (length) => new Uint8Array(length));
    for (let at = 0; at < longest; at += most) {
      const counts = Int32Array.from(
        lengths,
        (length) => Math.max(0, Math.min(most, length - at)),
      );
      const pieces = this.#gatherPiece(own.subarray(at, at + most), counts);
      split(pieces, counts).forEach((piece, rank) => all[rank].set(piece, at));
    }
    return all;
  }

  /** Rank 0's bytes. */
  broadcast(own: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#wait();
    const length = Float64Array.of(own.length);
    this.#broadcastPiece(bytesOf(length));
    const bytes = this.rank === 0 ? own : new Uint8Array(length[0]);
    for (let at = 0; at < bytes.length; at += MOST_BYTES) {
      this.#broadcastPiece(bytes.subarray(at, at + MOST_BYTES));
    }
    return bytes;
  }

  /** Waits for all ranks, and leaves. */
  close(): void {
    this.#wait();
    this.#check(this.#mpi.call.MPI_Finalize(), "MPI_Finalize");
  }

  /** Ends all ranks. */
  abort(code: number): void {
    this.#mpi.call.MPI_Abort(this.#mpi.world, code);
  }

  // Each rank adds up its own share of the elements, of which it gets all ranks' terms, and gives the sums to all.
  #sumPiece(values: Summable): void {
    const { size, rank } = this;
    const { byte, world, call } = this.#mpi;
    const width = values.BYTES_PER_ELEMENT;
    const edge = (r: number) => Math.floor(values.length * r / size);
    const ranks = Array.from({ length: size }, (_, r) => r);
    const counts = Int32Array.from(
      ranks,
      (r) => width * (edge(r + 1) - edge(r)),
    );
    const places = Int32Array.from(ranks, (r) => width * edge(r));
    const own = counts[rank] / width;
    const Kind = values.constructor as new (
      ...at: [ArrayBufferLike, number, number]
    ) => Summable;
    const { terms, stride, add } = this.#adder.room(own, Kind);
    this.#check(
      call.MPI_Alltoallv(
        bytesOf(values),
        counts,
        places,
        byte,
        bytesOf(terms),
        new Int32Array(size).fill(counts[rank]),
        Int32Array.from(ranks, (r) => r * width * stride),
        byte,
        world,
      ),
      "MPI_Alltoallv",
    );
    const sums = add();
    this.#check(
      call.MPI_Allgatherv(
        bytesOf(sums),
        counts[rank],
        byte,
        bytesOf(values),
        counts,
        places,
        byte,
        world,
      ),
      "MPI_Allgatherv",
    );
    this.sent += values.byteLength + (size - 2) * counts[rank];
  }

  #gatherPiece(
    own: Uint8Array<ArrayBuffer>,
    counts: Int32Array = new Int32Array(this.size).fill(own.length),
  ): Uint8Array<ArrayBuffer> {
    const { byte, world, call } = this.#mpi;
    const places = new Int32Array(counts.length);
    for (let r = 1; r < places.length; r++) {
      places[r] = places[r - 1] + counts[r - 1];
    }
    const all = new Uint8Array(places.at(-1)! + counts.at(-1)!);
    this.#check(
      call.MPI_Allgatherv(
        own,
        own.length,
        byte,
        all,
        counts,
        places,
        byte,
        world,
      ),
      "MPI_Allgatherv",
    );
    this.sent += own.length * (this.size - 1);
    return all;
  }

  #broadcastPiece(bytes: Uint8Array<ArrayBuffer>): void {
    const { byte, world, call } = this.#mpi;
    this.#check(
      call.MPI_Bcast(bytes, bytes.length, byte, 0, world),
      "MPI_Bcast",
    );
    if (this.rank === 0) this.sent += bytes.length * (this.size - 1);
  }

  // Every call begins with a barrier that sleeps. MPI's own waiting keeps a processor busy, for minutes where one rank
  // writes, and takes it from a rank that still works where there are more of them than processors.
  #wait(): void {
    const { world, call } = this.#mpi;
    const request = new BigUint64Array(1), done = new Int32Array(1);
    const status = new Uint8Array(64), start = performance.now();
    this.#check(call.MPI_Ibarrier(world, request), "MPI_Ibarrier");
    for (;;) {
      this.#check(call.MPI_Test(request, done, status), "MPI_Test");
      this.#onWait();
      const waited = performance.now() - start;
      if (done[0] !== 0) {
        this.waited += waited;
        return;
      }
      pause(Math.min(PAUSE.most, Math.max(PAUSE.least, PAUSE.share * waited)));
    }
  }

  #number(name: "MPI_Comm_rank" | "MPI_Comm_size"): number {
    const value = new Int32Array(1);
    const { call, world } = this.#mpi;
    this.#check(call[name](world, value), name);
    return value[0];
  }

  #check(code: number, what: string): void {
    if (code === 0) return;
    const why = text((out, length) =>
      this.#mpi.call.MPI_Error_string(code, out, length)
    );
    throw new DbksvdError("run", `${what} failed: ${why}`, {
      mend: "look at the launcher's messages; --resume goes on",
    });
  }
}

// What the ranks gave, one after the other.
function split(
  pieces: Uint8Array<ArrayBuffer>,
  counts: Int32Array,
): Uint8Array<ArrayBuffer>[] {
  let from = 0;
  return Array.from(
    counts,
    (count) => pieces.subarray(from, from += count),
  );
}

const CLOCK = new Int32Array(new SharedArrayBuffer(4));

function pause(milliseconds: number): void {
  Atomics.wait(CLOCK, 0, 0, milliseconds);
}

function text(
  write: (out: Uint8Array, length: Int32Array) => number,
): string {
  const out = new Uint8Array(TEXT_BYTES), length = new Int32Array(1);
  write(out, length);
  return new TextDecoder().decode(out.subarray(0, length[0]));
}

// "Open MPI v4.1.4, package: …" and "MPICH Version:\t4.0.2\nMPICH Release date: …": name and number will do.
function shortVersion(version: string): string {
  return version.split(/[\n\0]/)[0].split(", package")[0]
    .replace(/\s*Version\s*:\s*/, " ").trim();
}
