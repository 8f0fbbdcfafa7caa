import type { Fingerprint } from "./fingerprint.ts";
import type { NotRead } from "./not_read.ts";

/** A run of rows as a source delivers them. */
export interface RowBatch {
  /**
   * rows × width values, contiguous; the consumer owns the buffer, which may be a little longer, and may transfer it.
   */
  data: Float32Array<ArrayBuffer>;
  /** How many. */
  rows: number;
  /** Row number, within the source, of the first row. */
  firstRow: number;
  /**
   * Row numbers of all rows, where they are not firstRow, firstRow + 1, …: shuffled, selected or filtered deliveries.
   */
  rowNumbers?: Float64Array;
  /**
   * Gives the buffer back for later rows, which saves the making of fresh memory: `data` is not to be looked at any
   * more. A consumer that keeps the rows, or transfers them, does not call it.
   */
  release?: (() => void) | undefined;
}

/** A set of row numbers: which rows are held out, which take part. */
export interface RowSet {
  /** How many rows. */
  readonly size: number;
  /** Whether a row is among them. */
  has(row: number): boolean;
}

/** How {@linkcode RowSource.batches} delivers. */
export interface BatchOptions {
  /** Deliver in a seeded random order (row groups shuffled, rows mixed within a window), each row exactly once. */
  shuffleSeed?: number | undefined;
  /**
   * Mix rows within windows of so many bytes, at least one stored block, reading one window at a time: for many
   * deliveries side by side. By default 128 MiB, reading ahead.
   */
  windowBytes?: number;
  /** Only rows start ≤ row < end. */
  range?: { start: number; end: number } | undefined;
  /** Only rows of this set. */
  only?: RowSet | undefined;
  /** All rows but those of this set. */
  except?: RowSet | undefined;
  /** Leave out this many rows from the front of the delivery (a resumed pass); cheaper than reading them. */
  skipRows?: number | undefined;
  /**
   * The consumer only reads the batches, neither changes nor transfers them: rows in memory need not be copied then.
   */
  borrow?: boolean;
  /** Stops the delivery, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** One input of a source. */
export interface RowFile {
  /** Path or URL, as given, without credentials. */
  path: string;
  /** Rows that it holds. */
  rows: number;
  /** Its size. */
  bytes: number;
}

/** A column that stands beside the vectors, for some rows. */
export interface ColumnValues {
  /** The column. */
  name: string;
  /**
   * The column in Parquet's schema, hyparquet's `SchemaElement`s: itself first, then what it holds, if it is nested.
   */
  schema: object[];
  /** A value for every row, as hyparquet gives it. Nested rows (tokens of a text) get the value of what they are in. */
  values: unknown[];
}

/** Where samples come from: one dense vector a row, whatever the file format. */
export interface RowSource {
  /** n: dimensions of every row. */
  readonly width: number;
  /** Rows in all files, after `maxRows`, before filters such as `skipInvalid` drop any. */
  readonly rowCount: number;
  /** The inputs, in order. */
  readonly files: readonly RowFile[];
  /** The column that the vectors come from, where the inputs have named ones. */
  readonly column?: string | undefined;
  /** What a stored number is (`f32`, `f64`, `f16`, `bf16`, `i32`, …), of the first input that tells. */
  readonly element?: string | undefined;
  /** The options that chose rows and changed their values (filters, `unitNorm`), where rows were opened with such. */
  readonly reading?: Readonly<Record<string, unknown>> | undefined;
  /** Rows dropped so far by filters, by reason: `invalid`, `norm`, `where`, `items`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What lies among the inputs and is not read: files of other endings, links to nothing, further arrays. */
  readonly notRead?: readonly NotRead[] | undefined;
  /**
   * Delivers rows in batches. With a number, every batch but the last has that many rows; with a list, batches have
   * those sizes in turn. A later call delivers the same rows in the same order for the same options.
   */
  batches(
    rowsPerBatch: number | readonly number[],
    options?: BatchOptions,
  ): AsyncIterable<RowBatch>;
  /** Random access: rows start ≤ row < end in stored order. */
  read(
    range: { start: number; end: number },
  ): Promise<Float32Array<ArrayBuffer>>;
  /**
   * Other columns of rows start ≤ row < end in stored order, dropped rows included; absent where inputs have none.
   * A name that is not there is a `data` error that lists those that are. With `exact`, what a `Date` or a number would
   * round is given as it is stored: dates and times as whole numbers of their schema's unit, decimals as `bigint`s
   * without their point, text and JSON as their bytes; and files that differ in a column's type are a `data` error.
   */
  readColumns?:
    | ((
      names: readonly string[],
      range: { start: number; end: number },
      exact?: boolean,
    ) => Promise<ColumnValues[]>)
    | undefined;
  /**
   * The columns that stand beside the vectors, with their schemas (as in {@linkcode ColumnValues}); absent where
   * inputs have none. With names, these columns alone, as they are kept exactly: looked up in every file, a `data`
   * error where one lacks them or has them of another type, and optional where values may be missing in any.
   */
  otherColumns?:
    | ((
      names?: readonly string[],
    ) => Promise<{ name: string; schema: object[] }[]>)
    | undefined;
  /**
   * For rows nested in lists: the stored row of each, and its place within. Absent where every row is stored by
   * itself.
   */
  readItems?:
    | ((
      range: { start: number; end: number },
    ) => Promise<{ rows: Float64Array; items: Int32Array }>)
    | undefined;
  /** What tells the content of each of `files` from other content; absent where that is not known. */
  fingerprints?: (() => Promise<Fingerprint[]>) | undefined;
  /** Stops workers and closes files. */
  close(): Promise<void>;
  /** Closes, at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
