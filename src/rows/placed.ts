import { DbksvdError, type ErrorPlace } from "../errors.ts";
import type { RowBuffers } from "./buffers.ts";
import type { RowBlock, RowRange } from "./block_store.ts";
import type { Part, TablePlace } from "./part.ts";
import type { Fault } from "../parquet/read/fault.ts";

/** A part at its place among all rows. */
export interface PlacedPart {
  part: Part;
  /** The other columns of its rows, those that its file's path makes among them. */
  table?: TablePlace;
  firstRow: number;
  /** Rows of the same file before it. */
  fileRow: number;
  /** The file, for messages, and the column. */
  place: ErrorPlace;
}

/** What decoding by workers needs to know of all rows. */
export interface PartsToDecode {
  readonly width: number;
  readonly buffers: RowBuffers;
  /** Bytes that workers may read ahead. */
  readonly readAhead: number;
  /** The parts that a range of rows lies in, with the rows counted within them. */
  overlaps(
    range: RowRange,
  ): Iterable<{ at: PlacedPart; start: number; end: number }>;
  /** Prepares rows just read; refuses bad ones or, where asked to, drops and counts them. Returns the rows dropped. */
  judge(
    at: PlacedPart,
    piece: RowRange,
    data: Float32Array,
    faults: readonly Fault[],
  ): Promise<number[]>;
}

/** Takes rows out of a range's data, where they are. `dropped` holds row numbers in ascending order. */
export function withoutRows(
  { start, end }: RowRange,
  data: Float32Array<ArrayBuffer>,
  width: number,
  dropped: readonly number[],
): RowBlock {
  if (dropped.length === 0) return { start, rows: end - start, data };
  const rows = end - start - dropped.length;
  const rowNumbers = new Float64Array(rows);
  for (let row = start, to = 0, d = 0; row < end; row++) {
    if (row === dropped[d]) {
      d++;
      continue;
    }
    const from = (row - start) * width;
    data.copyWithin(to * width, from, from + width);
    rowNumbers[to++] = row;
  }
  return { start, rows, data: data.subarray(0, rows * width), rowNumbers };
}

/** Runs a reading and names the place where it fails. */
export async function placed<T>(
  place: ErrorPlace,
  part: Part,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    part.source?.requireUnchanged?.();
    throw atPlace(error, { ...place, rowGroup: part.rowGroup });
  }
}

/** An error of reading, as one of bad data at a place. */
export function atPlace(error: unknown, where: ErrorPlace): unknown {
  if (error instanceof DbksvdError) return error;
  if ((error as Error).name === "AbortError") return error;
  return new DbksvdError("data", `Cannot decode, ${message(error)}`, {
    where,
    mend: "the file may be damaged; write it again",
    cause: error,
  });
}

function message(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.charAt(0).toLowerCase() + text.slice(1).split("\n")[0];
}
