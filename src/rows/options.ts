/** How rows are found, decoded and prepared. */
export interface OpenRowsOptions {
  /**
   * The column with vectors; `a,b,c` or `x*` for one scalar column a dimension; a tensor's name in safetensors. Needed
   * where there are several.
   */
  column?: string | undefined;
  /** What the bytes of a blob column are. */
  blobType?: "f32" | "f16" | "bf16" | undefined;
  /** Dimensions of a row in raw dumps, which do not tell. */
  width?: number | undefined;
  /** Only the first rows, of all inputs together. */
  maxRows?: number | undefined;
  /** Drop rows with nulls, NaN, infinities or another length, and count them; else they are refused. */
  skipInvalid?: boolean | undefined;
  /** Keep rows whose other columns match: hyparquet's filters, such as `{ score: { $gte: 0.5 } }`. */
  where?: Record<string, unknown>;
  /** Leave out the first items of every outer row of nested lists, such as a text's first tokens. */
  skipItems?: number | undefined;
  /** Divide every row by its length. */
  unitNorm?: boolean | undefined;
  /** Drop rows longer than this quantile of the lengths, estimated on 32 768 rows. */
  maxNormQuantile?: number;
  /** Workers that decode; 0 decodes in this thread. As many as cores, from where they pay. */
  decodeWorkers?: number | undefined;
  /** Bytes that decoding may take, about, batches apart. 512 MiB. */
  memoryBudget?: number;
  /** Directory for blocks of remote files; none by default. */
  cacheDir?: string | undefined;
  /** Folder for rows that come only once, such as standard input's; the system's for temporary files by default. */
  spoolDir?: string | undefined;
  /** Bytes that the cache may take. 16 GiB. */
  cacheBytes?: number;
  /** Milliseconds to wait before a remote file is asked again, by attempts so far. A quarter of a second, doubling. */
  backoff?: (attempt: number) => number;
  /** Called with servers that are waited for, or give no version of a file. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Stops the asking of servers. */
  signal?: AbortSignal | undefined;
}

/** The names of {@linkcode OpenRowsOptions}: all of them, as the type says. */
export const ROW_OPTIONS = Object.keys(
  {
    column: true,
    blobType: true,
    width: true,
    maxRows: true,
    skipInvalid: true,
    where: true,
    skipItems: true,
    unitNorm: true,
    maxNormQuantile: true,
    decodeWorkers: true,
    memoryBudget: true,
    cacheDir: true,
    spoolDir: true,
    cacheBytes: true,
    backoff: true,
    onNotice: true,
    signal: true,
  } satisfies Record<keyof OpenRowsOptions, true>,
);

/** Options that say which rows are taken, and what becomes of their values. */
export type RowReading = Pick<
  OpenRowsOptions,
  | "blobType"
  | "width"
  | "skipInvalid"
  | "where"
  | "skipItems"
  | "unitNorm"
  | "maxNormQuantile"
>;

/** How rows are read beside their column, as it is recorded with a model. */
export function readingOf(options: RowReading): Record<string, unknown> {
  const { blobType, width, skipInvalid, where, skipItems } = options;
  const { unitNorm, maxNormQuantile } = options;
  return {
    blobType,
    width,
    skipInvalid,
    where,
    skipItems,
    unitNorm,
    maxNormQuantile,
  };
}
