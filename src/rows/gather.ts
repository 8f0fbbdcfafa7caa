import { DbksvdError, type ErrorPlace } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import { refusePointers } from "../files/lfs.ts";
import { openArrow } from "./formats/arrow/open.ts";
import { type ArrayLayout, ArrayPart } from "./formats/array.ts";
import { openRaw, openSafetensorsRows } from "./formats/files.ts";
import type { ElementType } from "../parquet/read/columns.ts";
import { openNpy } from "./formats/npy.ts";
import { openNpz } from "./formats/npz.ts";
import { otherKindNotice } from "./element_kinds.ts";
import { detectFormat, type FileFormat } from "./file_format.ts";
import { type FoundFile, openFound } from "./inputs.ts";
import type { OpenRowsOptions } from "./options.ts";
import { openParquet, type ParquetOptions } from "./formats/parquet/open.ts";
import { Decoders } from "./formats/parquet/decoders.ts";
import type { Part } from "./part.ts";
import { PathColumns } from "./path_columns.ts";
import type { RowFile } from "./source.ts";
import type { PlacedPart } from "./placed.ts";

/** Files opened at a time. */
const OPENED_AT_ONCE = 16;

/** An opened file's parts. */
interface OpenFile {
  parts: readonly Part[];
  /** Undefined where the file's rows do not tell. */
  width?: number | undefined;
  column?: string | undefined;
  nested?: boolean;
  /** What a stored number is, where the format tells. */
  element?: ElementType | undefined;
  /** Of tables: how many rows they have. */
  tableRows?: number;
  /** Names of arrays beside the one that is read. */
  others?: readonly string[] | undefined;
}

/** All inputs' parts, one after the other. */
export interface Gathered {
  placed: PlacedPart[];
  /** For parts of tables: the tables' rows before them, over all files. */
  tableRows: Map<PlacedPart, number>;
  files: RowFile[];
  /** The files themselves, in the same order. */
  sources: ByteSource[];
  rows: number;
  width: number;
  /** Arrays beside those that are read, with their files. */
  furtherArrays: string[];
  /** The file that the width is from. */
  widthFrom: string;
  column?: string | undefined;
  /** What a stored number is, in the first file that tells. */
  element?: ElementType | undefined;
  nested: boolean;
}

/** Opens every file; whatever is opened is added to `sources`, also where opening fails. */
export async function gather(
  found: readonly FoundFile[],
  options: OpenRowsOptions,
  budget: number,
  sources: ByteSource[],
): Promise<Gathered> {
  const all: Gathered = {
    placed: [],
    tableRows: new Map(),
    files: [],
    sources: [],
    furtherArrays: [],
    rows: 0,
    width: 0,
    widthFrom: "",
    nested: false,
  };
  // A page, its decompressed bytes and its floats have to fit together.
  const pages = {
    pageLimit: Math.floor(budget / 3),
    decoders: new Decoders(),
  };
  const open = async (found: FoundFile) => {
    const source = await openFound(found, options, budget);
    sources.push(source);
    const format = "format" in found ? found.format : undefined;
    return await openAs(source, options, pages, all, format);
  };
  const files: OpenedFile[] = [];
  const left = [...found];
  // The first file with rows decides on the column; then several are asked at a time, for those that are far away.
  while (left.length > 0 && all.width === 0) {
    const opened = await open(left.shift()!);
    files.push(opened);
    if (opened.file.tableRows !== 0) all.column ??= opened.file.column;
    all.width = opened.file.width ?? 0;
    all.widthFrom = opened.source.path;
  }
  for (let i = 0; i < left.length; i += OPENED_AT_ONCE) {
    const opening = left.slice(i, i + OPENED_AT_ONCE).map(open);
    files.push(...await allOf(opening));
  }
  let tables = 0;
  const columns = new PathColumns(
    files.map(({ source }) => source.path),
    options.onNotice,
  );
  for (const { file, source } of files) {
    // Rows that are all null or empty have the width of the others.
    const again = file.width === undefined && file.tableRows! > 0;
    const opened = again ? await openAs(source, options, pages, all) : { file };
    tables = addFile(all, { source, file: opened.file }, tables, columns);
  }
  requireRows(all, files, options);
  return all;
}

/** Sound inputs without a single row, as a quiet night leaves them. */
export class NoRowsError extends DbksvdError {
  constructor(where: ErrorPlace) {
    super("data", "There are no rows", { where, mend: "check the inputs" });
  }
}

interface OpenedFile {
  file: OpenFile;
  source: ByteSource;
}

async function openAs(
  source: ByteSource,
  options: OpenRowsOptions,
  pages: Pick<ParquetOptions, "pageLimit" | "decoders">,
  { column, width }: Gathered,
  format?: FileFormat,
): Promise<OpenedFile> {
  const expectedWidth = width > 0 ? width : undefined;
  const as = { ...options, column: options.column ?? column };
  return {
    source,
    file: await openFile(source, as, { ...pages, expectedWidth }, format),
  };
}

function requireRows(
  all: Gathered,
  files: readonly OpenedFile[],
  { column }: OpenRowsOptions,
) {
  const where = { file: all.files[0].path, column: all.column };
  const haveColumns = files.some(({ file }) =>
    file.column !== undefined || file.tableRows !== undefined
  );
  if (column !== undefined && !haveColumns) {
    throw new DbksvdError("usage", "The inputs have no columns", {
      where: { ...where, column },
      mend: "leave --column out",
    });
  }
  if (all.rows > 0) return;
  const empty = files.every(({ file }) => (file.tableRows ?? 0) === 0);
  throw empty
    ? new NoRowsError(where)
    : new DbksvdError("data", "No row holds a vector", {
      where,
      mend: "all of them are null or empty; check the inputs",
    });
}

// Waits for all of them, so that none is left behind opening when one fails.
async function allOf<T>(opening: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(opening);
  return await Promise.all(opening);
}

function addFile(
  all: Gathered,
  { file, source }: { file: OpenFile; source: ByteSource },
  tables: number,
  columns: PathColumns,
): number {
  all.nested ||= file.nested ?? false;
  const notice = otherKindNotice(source.path, file.element, all.element);
  if (notice !== undefined) columns.onNotice?.(notice);
  all.element ??= file.element;
  checkWidth(file, all, source);
  const place = { file: source.path, column: file.column };
  let rows = 0;
  let tableRows = 0;
  for (const part of file.parts) {
    const table = columns.tableOf(part, source.path);
    const firstRow = all.rows + rows;
    const at = { part, table, firstRow, fileRow: rows, place };
    all.placed.push(at);
    all.tableRows.set(at, tables + table.start);
    tableRows = table.start + table.rows;
    rows += part.rows;
  }
  all.rows += rows;
  all.sources.push(source);
  for (const name of file.others ?? []) {
    all.furtherArrays.push(`${source.path}:${name}`);
  }
  all.files.push({ path: source.path, rows, bytes: source.size });
  return tables + (file.tableRows ?? tableRows);
}

async function openFile(
  source: ByteSource,
  options: OpenRowsOptions,
  pages: Pick<ParquetOptions, "pageLimit" | "decoders" | "expectedWidth">,
  known?: FileFormat,
): Promise<OpenFile> {
  await refusePointers({
    path: source.path,
    size: source.size,
    read: (offset, length) => source.read(offset, length),
  });
  const format = known ?? await detectFormat(source, options.width);
  if (format === "parquet") {
    return await openParquet(source, { ...options, ...pages });
  }
  if (format === "arrow") {
    return await openArrow(source, { ...options, ...pages });
  }
  const { column, width, blobType } = options;
  if (format === "npz") {
    const array = await openNpz(source, column, pages.pageLimit);
    return arrayFile(array.source, array.layout, array);
  }
  if (format === "npy") return arrayFile(source, await openNpy(source));
  if (format === "raw") {
    return arrayFile(source, openRaw(source, width, blobType));
  }
  const tensor = await openSafetensorsRows(source, column);
  return arrayFile(source, tensor, tensor);
}

function arrayFile(
  source: ByteSource,
  layout: ArrayLayout,
  { name, others }: { name?: string; others?: string[] } = {},
): OpenFile {
  const parts = layout.rows > 0 ? [new ArrayPart(source, layout)] : [];
  const { width, element } = layout;
  return { parts, width, element, column: name, others };
}

function checkWidth(
  file: OpenFile,
  { width, widthFrom }: Gathered,
  source: ByteSource,
) {
  if (file.width === undefined || file.width === width) return;
  throw new DbksvdError(
    "data",
    `Rows have ${file.width} dimensions, those of ${widthFrom} have ${width}`,
    {
      where: { file: source.path, column: file.column },
      mend: "give inputs of one width",
    },
  );
}
