import type { EngineThread } from "../engine/worker/line.ts";
import { mayStartWorker } from "../engine/worker/may_start.ts";

const SOLO_THREAD = new URL("./solo_thread.ts", import.meta.url);

/** Numbers that a group adds up. */
export type Summable = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** What a rank spent on the group's calls. */
export interface Spent {
  /** Wall time in calls, waiting for others included. */
  milliseconds: number;
  /** Of that, until the last rank had come. */
  waiting: number;
  /** Bytes sent. */
  bytes: number;
  /** How many calls. */
  calls: number;
}

/**
 * A group of processes (ranks) that work together. Every call but `abort` is collective: all ranks make the same
 * calls in the same order, one at a time.
 */
export interface Communicator {
  /** This process's number, from 0. */
  readonly rank: number;
  /** How many processes. */
  readonly size: number;
  /** Its number among those of this machine. */
  readonly localRank: number;
  /** Processes of this machine. */
  readonly localSize: number;
  /** What carries the group, for the record. */
  readonly library: string;
  /** What this rank spent on calls so far. */
  readonly spent: Readonly<Spent>;
  /** The thread that makes the group's calls, where an engine may live there, too: see {@linkcode JoinedEngine}. */
  readonly engineThread?: (() => EngineThread) | undefined;
  /**
   * Element-wise sum over the ranks; all get the same bits. Terms are added in float64, by halves of the ranks, S(a,
   * b) = S(a, c) + S(c, b) with c = ⌊(a + b)/2⌋, and rounded to the values' type.
   *
   * @param values of one type and length on all ranks; given away
   */
  sum<T extends Summable>(values: T): Promise<T>;
  /** What every rank gives, in order of rank. The bytes are given away. */
  gather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]>;
  /** Rank 0's bytes, on every rank; what others give is of no account. */
  broadcast(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends all ranks at once: for a rank that cannot go on. */
  abort(code: number): Promise<never>;
  /** The orderly end, by all ranks. */
  close(): Promise<void>;
}

/** What an iteration takes of its group. */
export type Adding = Pick<
  Communicator,
  "rank" | "size" | "spent" | "sum" | "gather"
>;

/** The group of one: every process that no launcher started together with others. */
export function solo(): Communicator {
  return {
    rank: 0,
    size: 1,
    localRank: 0,
    localSize: 1,
    library: "none",
    spent: { milliseconds: 0, waiting: 0, bytes: 0, calls: 0 },
    engineThread: mayStartWorker(SOLO_THREAD)
      ? () => new Worker(SOLO_THREAD, { type: "module", name: "dbksvd engine" })
      : undefined,
    sum: (values) => Promise.resolve(values),
    gather: (bytes) => Promise.resolve([bytes]),
    broadcast: (bytes) => Promise.resolve(bytes),
    abort: (code) => Deno.exit(code),
    close: () => Promise.resolve(),
  };
}

/** What a rank of shards owns: shards from ≤ shard < to, so that ranks of a power of two own aligned halves. */
export function ownShards(
  shards: number,
  { rank, size }: Pick<Communicator, "rank" | "size">,
): { from: number; to: number } {
  return {
    from: Math.floor(shards * rank / size),
    to: Math.floor(shards * (rank + 1) / size),
  };
}
