import type {
  ErrorRecord,
  Reply,
  Request,
} from "../../engine/worker/protocol.ts";
import type { Spent, Summable } from "../communicator.ts";

/** What MPI's thread is asked to do, for the group or for the engine of a number that lives there. */
export type ThreadRequest =
  | MpiRequest
  | { engine: number; request: Request };

/** What it answers; with what engines say, what their calls of the group took so far. */
export type ThreadReply =
  | MpiReply
  | { engine: number; reply: Reply; spent: Spent };

/** What is asked for the group. */
export type MpiRequest =
  | { id: number; join: { paths: readonly string[] } }
  | { id: number; sum: Summable }
  | { id: number; gather: Uint8Array<ArrayBuffer> }
  | { id: number; broadcast: Uint8Array<ArrayBuffer> }
  | { id: number; close: true }
  | { id: number; abort: number };

/** What is answered. */
export type MpiReply =
  | { id: number; value: unknown; bytes: number; waited: number }
  | { id: number; error: ErrorRecord };

/** The answer to `join`. */
export interface Joined {
  rank: number;
  size: number;
  localRank: number;
  localSize: number;
  /** The library's own name and version. */
  library: string;
  path: string;
}
