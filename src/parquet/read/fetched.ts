/** Bytes of a file that were fetched for a job. */
export interface FetchedBytes {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
}
