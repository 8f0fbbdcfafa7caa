import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import { ArrayPart } from "./formats/array.ts";
import { openNpy, openRaw, openSafetensorsRows } from "./formats/files.ts";
import { detectFormat, type FoundFile, openFound } from "./inputs.ts";
import type { OpenRowsOptions } from "./open.ts";
import { openParquet, type ParquetOptions } from "../parquet/read/open.ts";
import { Decoders } from "../parquet/read/part.ts";
import type { Part } from "./part.ts";
import type { RowFile } from "./source.ts";
import type { PlacedPart } from "./store.ts";

/** Files opened at a time. */
const OPENED_AT_ONCE = 16;

/** An opened file's parts. */
interface OpenFile {
  parts: readonly Part[];
  width: number;
  column?: string;
  nested?: boolean;
}

/** All inputs' parts, one after the other. */
export interface Gathered {
  placed: PlacedPart[];
  /** For parts of tables: the tables' rows before them, over all files. */
  tableRows: Map<PlacedPart, number>;
  files: RowFile[];
  rows: number;
  width: number;
  column?: string;
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
    rows: 0,
    width: 0,
    nested: false,
  };
  // A page, its decompressed bytes and its floats have to fit together.
  const pages = {
    pageLimit: Math.floor(budget / 3),
    decoders: new Decoders(),
  };
  let haveColumns = false;
  const open = async (found: FoundFile) => {
    const source = await openFound(found, options, budget);
    sources.push(source);
    const column = options.column ?? all.column;
    const file = await openFile(source, { ...options, column }, pages);
    haveColumns ||= file.column !== undefined;
    return { source, file };
  };
  const [first, ...others] = found;
  // The first file decides on the column; then several are asked at a time, for those that are far away.
  let tables = addFile(all, await open(first), 0);
  for (let i = 0; i < others.length; i += OPENED_AT_ONCE) {
    const opening = others.slice(i, i + OPENED_AT_ONCE).map(open);
    for (const opened of await allOf(opening)) {
      tables = addFile(all, opened, tables);
    }
  }
  if (options.column !== undefined && !haveColumns) {
    throw new DbksvdError("usage", "The inputs have no columns", {
      where: { file: all.files[0].path, column: options.column },
      mend: "leave --column out",
    });
  }
  if (all.rows > 0) return all;
  throw new DbksvdError("data", "There are no rows", {
    where: { file: all.files[0].path, column: all.column },
    mend: "check the inputs",
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
): number {
  if (all.files.length === 0) {
    all.width = file.width;
    all.column = file.column;
    all.nested = file.nested ?? false;
  }
  checkWidth(file, all, source);
  const place = { file: source.path, column: file.column };
  let rows = 0;
  let tableRows = 0;
  for (const part of file.parts) {
    const at = { part, firstRow: all.rows + rows, fileRow: rows, place };
    all.placed.push(at);
    if (part.table !== undefined) {
      all.tableRows.set(at, tables + part.table.start);
      tableRows = part.table.start + part.table.rows;
    }
    rows += part.rows;
  }
  all.rows += rows;
  all.files.push({ path: source.path, rows, bytes: source.size });
  return tables + tableRows;
}

async function openFile(
  source: ByteSource,
  options: OpenRowsOptions,
  pages: Pick<ParquetOptions, "pageLimit" | "decoders">,
): Promise<OpenFile> {
  const format = await detectFormat(source, options.width);
  if (format === "parquet") {
    return await openParquet(source, { ...options, ...pages });
  }
  const layout = format === "npy"
    ? await openNpy(source)
    : format === "raw"
    ? openRaw(source, options.width)
    : await openSafetensorsRows(source, options.column);
  const column = "name" in layout ? layout.name as string : undefined;
  const parts = layout.rows > 0 ? [new ArrayPart(source, layout)] : [];
  return { parts, width: layout.width, column };
}

function checkWidth(
  file: OpenFile,
  { width, files }: Gathered,
  source: ByteSource,
) {
  if (file.width === width) return;
  throw new DbksvdError(
    "data",
    `Rows have ${file.width} dimensions, those of ${
      files[0].path
    } have ${width}`,
    {
      where: { file: source.path, column: file.column },
      mend: "give inputs of one width",
    },
  );
}
