import type { ErrorRecord } from "../../engine/worker/protocol.ts";
import type { Summable } from "../communicator.ts";

/** What MPI's thread is asked to do. */
export type MpiRequest =
  | { id: number; join: { paths: readonly string[] } }
  | { id: number; sum: Summable }
  | { id: number; gather: Uint8Array<ArrayBuffer> }
  | { id: number; broadcast: Uint8Array<ArrayBuffer> }
  | { id: number; close: true }
  | { id: number; abort: number };

/** What it answers. */
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
