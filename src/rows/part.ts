import type { Fault } from "../parquet/read/fault.ts";
import type { SchemaElement } from "hyparquet";
import type { ByteSource } from "../files/bytes.ts";
import type { RowRange } from "./block_store.ts";
import type { DecodeSpec } from "../parquet/read/decode.ts";
import type { ElementType } from "../parquet/read/columns.ts";

/** Rows that a worker can decode by itself. */
export interface PartJob extends RowRange {
  spec: DecodeSpec;
  /** The file, for its path or to fetch the pages from. */
  source: ByteSource;
  /** Bytes that decoding takes at once. */
  cost: number;
}

/** A column of a table and its schema: its own element first, then those below it. */
export interface TableColumn {
  name: string;
  schema: SchemaElement[];
}

/** The rows of a file's table that a part's vectors lie in. */
export interface TablePlace {
  /** Reads other columns of the table, rows counted over the file; `exact`: see `RowSource.readColumns`. */
  readColumns(
    names: readonly string[],
    range: RowRange,
    exact?: boolean,
  ): Promise<Record<string, unknown[]>>;
  /** The columns beside the vectors. */
  columns(): Promise<TableColumn[]>;
  /** Columns of types that are not read, with these in words. */
  unread?: ReadonlyMap<string, string> | undefined;
  /** First row of the part, counted over the file, and how many. */
  start: number;
  rows: number;
  /** Nested lists: the part's first vector in each of these rows; ascending, as long as `rows`. */
  nestedStarts?: (() => Promise<Uint32Array>) | undefined;
}

/**
 * A piece of a file that is read by itself: a row group, or a whole file of another format. Rows count from its
 * beginning.
 */
export interface Part {
  /** The file, where there is one. */
  readonly source?: ByteSource;
  readonly rows: number;
  /** What the stored numbers are, where that is known. */
  readonly element?: ElementType;
  readonly rowGroup?: number;
  /** Ranges that are cheap to read whole, in order, together all rows. */
  blocks(): Promise<RowRange[]>;
  /**
   * Bytes of rows that are decoded together at most, wherever reading begins; absent where any row is read by itself.
   */
  unitBytes?(): Promise<number>;
  /** Reads rows into `out` and tells which are of no use; theirs are undefined there. */
  read(range: RowRange, out: Float32Array): Promise<Fault[]>;
  readonly table?: TablePlace;
  /** Whether rows have to be looked at one by one in this thread: there is no job then. */
  readonly irregular?: boolean;
  /** Bytes of rows that this thread decodes in a second, about. */
  readonly bytesPerSecond?: number;
  /**
   * The job of rows from `start` on, to where a page ends at `least` or after it, but not beyond `end`: a page in two
   * jobs is decoded twice. Rows whose pages tell no such place end where they are cheap to end.
   */
  job?(start: number, least: number, end: number): Promise<PartJob>;
  /** Reads the rows one by one from now on: a worker found some that are not full vectors. */
  beIrregular?(): void;
}
