import type { FetchedBytes } from "../../parquet/read/fetched.ts";
import type { ErrorKind } from "../../errors.ts";
import type { DecodeSpec } from "../../parquet/read/decode.ts";

/** Rows of a job that go to one place. */
export interface Slice {
  rows: number;
  /** Which of the request's buffers takes them, from its float `at` on. */
  buffer: number;
  at: number;
}

/** Rows to decode from a local file, or from bytes that come with the job. */
export interface DecodeJob {
  spec: DecodeSpec;
  from: { path: string } | { pieces: FetchedBytes[] };
  /** Where the rows go, in order, together all of them. */
  slices: Slice[];
}

/** Jobs that fill buffers, which are transferred to the worker and back. */
export interface DecodeRequest {
  jobs: DecodeJob[];
  buffers: Float32Array<ArrayBuffer>[];
}

/** What became of the jobs. */
export interface DecodeReply {
  outcomes: DecodeOutcome[];
  buffers: Float32Array<ArrayBuffer>[];
}

/** Rows that hold a NaN or an infinity, counted from the job's first; or that not all are full vectors; or an error. */
export type DecodeOutcome =
  | { bad: number[] }
  | { irregular: true }
  | { error: string; kind?: ErrorKind | undefined };
