import type { ByteSource } from "../../../files/bytes.ts";
import type { ElementType } from "../../../parquet/read/columns.ts";
import { atPlace } from "../../placed.ts";
import { type ArrowTable, readArrow } from "./batches.ts";
import { ArrowPart } from "./part.ts";
import { BufferReader } from "./reader.ts";
import { ArrowSide } from "./side.ts";
import {
  type ArrowVectors,
  arrowVectors,
  chooseArrow,
  probeWidth,
} from "./vectors.ts";

/** What opening an Arrow file needs to know. */
export interface ArrowOptions {
  column?: string | undefined;
  blobType?: ElementType | undefined;
  /** Bytes that a message's metadata or a decompressed buffer may take. */
  pageLimit: number;
  /** The rows' width as other files have it, where no vector of this one tells. */
  expectedWidth?: number | undefined;
  onNotice?: ((notice: string) => void) | undefined;
}

/** An Arrow file with the vectors chosen. */
export interface ArrowFile {
  column?: string;
  width?: number | undefined;
  tableRows: number;
  nested: boolean;
  /** What a stored number is. */
  element?: ElementType;
  parts: ArrowPart[];
}

/**
 * Opens an Arrow IPC file or stream: finds its vectors and their width.
 *
 * @throws {DbksvdError} `data` where the file is no Arrow, damaged, or holds no one choice of vectors
 */
export async function openArrow(
  source: ByteSource,
  options: ArrowOptions,
): Promise<ArrowFile> {
  const place = { file: source.path, column: options.column };
  try {
    const { table, reader, choices } = await look(source, options);
    if (!table.isEnded) {
      options.onNotice?.(
        `${source.path}: the Arrow stream ends without its mark; if whoever wrote it was interrupted, rows are missing`,
      );
    }
    const tableRows = table.batches.reduce((sum, { rows }) => sum + rows, 0);
    if (tableRows === 0) return { tableRows, nested: false, parts: [] };
    const { column, blobType } = options;
    if (column === undefined) await measure(reader, table, choices, blobType);
    const vectors = chooseArrow(choices, column, blobType, place);
    const width = vectors.width ??
      (await probeWidth(reader, table, vectors))?.width ??
      options.expectedWidth;
    const parts = width === undefined
      ? []
      : await openParts(reader, table, vectors, width);
    return {
      column: vectors.name,
      width,
      tableRows,
      nested: vectors.layout === "nested",
      element: vectors.element,
      parts,
    };
  } catch (error) {
    throw atPlace(error, place);
  }
}

/** A file's columns of vectors, with the widths that are known. */
export async function listArrow(
  source: ByteSource,
  options: ArrowOptions,
): Promise<ArrowVectors[]> {
  try {
    const { table, reader, choices } = await look(source, options);
    await measure(reader, table, choices, options.blobType);
    return choices;
  } catch (error) {
    throw atPlace(error, { file: source.path });
  }
}

async function look(
  source: ByteSource,
  { blobType, pageLimit }: ArrowOptions,
) {
  const table = await readArrow(source, pageLimit);
  return {
    table,
    reader: new BufferReader(source, pageLimit),
    choices: arrowVectors(table, blobType),
  };
}

async function measure(
  reader: BufferReader,
  table: ArrowTable,
  choices: ArrowVectors[],
  blobType: ElementType | undefined,
) {
  for (const choice of choices) {
    if (choice.layout === "blob" && blobType === undefined) continue;
    const probed = await probeWidth(reader, table, choice);
    if (probed?.uniform) choice.width = probed.width;
  }
}

async function openParts(
  reader: BufferReader,
  table: ArrowTable,
  vectors: ArrowVectors,
  width: number,
): Promise<ArrowPart[]> {
  const side = new ArrowSide(reader, table, vectors.index);
  const parts: ArrowPart[] = [];
  let start = 0;
  for (const [rowGroup, batch] of table.batches.entries()) {
    const place = {
      start,
      rows: batch.rows,
      columns: () => Promise.resolve(side.columns()),
      readColumns: side.read.bind(side),
      unread: side.unread(),
    };
    if (batch.rows > 0) {
      const shape = { width, rowGroup, table: place };
      parts.push(await ArrowPart.open(reader, batch, vectors, shape));
    }
    start += batch.rows;
  }
  return parts;
}
