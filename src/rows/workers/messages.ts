import type { ErrorKind } from "../../errors.ts";
import type { DecodeSpec } from "../parquet/decode.ts";

/** Bytes of a file that were fetched for a job. */
export interface FetchedBytes {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A job for a worker: rows to decode from a local file, or from bytes that come with it. */
export interface DecodeRequest {
  id: number;
  spec: DecodeSpec;
  from: { path: string } | { pieces: FetchedBytes[] };
}

/** What became of a job. */
export type DecodeReply = { id: number } & DecodeOutcome;

/** Rows; or that they are not all full vectors; or an error. */
export type DecodeOutcome =
  | { data: Float32Array<ArrayBuffer>; bad: number[] }
  | { irregular: true }
  | { error: string; kind?: ErrorKind };
