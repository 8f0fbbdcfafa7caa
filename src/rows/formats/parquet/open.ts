import type { FileMetaData } from "hyparquet";
import { DbksvdError } from "../../../errors.ts";
import type { ByteSource } from "../../../files/bytes.ts";
import { atPlace } from "../../placed.ts";
import {
  listChoices,
  namedChoice,
  onlyChoice,
  type VectorChoice,
  vectorChoices,
} from "../../../parquet/read/choose.ts";
import { columnOf, findChunk } from "../../../parquet/read/chunk.ts";
import {
  ELEMENT_BYTES,
  type ElementType,
  type Leaf,
  vectorLeaves,
} from "../../../parquet/read/columns.ts";
import { readFooter } from "../../../parquet/read/footer.ts";
import type { GroupColumn } from "../../../parquet/read/paged_column.ts";
import type { Decoders } from "./decoders.ts";
import { RowGroupPart } from "./part.ts";
import {
  countNested,
  type NestedRows,
  probeLength,
  scanNested,
} from "../../../parquet/read/probe.ts";
import { SideColumns } from "./side.ts";

/** What opening a Parquet file needs to know. */
export interface ParquetOptions {
  column?: string | undefined;
  blobType?: "f32" | "f16" | "bf16" | undefined;
  /** Bytes that a footer or a page may take. */
  pageLimit: number;
  decoders: Decoders;
  /** The rows' width as other files have it: where this one's counts agree, or no vector tells, it is taken. */
  expectedWidth?: number | undefined;
}

/** A Parquet file with the vectors chosen. */
export interface ParquetFile {
  source: ByteSource;
  /** Undefined where the file has no rows, and none was asked for. */
  column?: string;
  /** Undefined where no vector tells. */
  width?: number | undefined;
  /** Rows of the table. */
  tableRows: number;
  nested: boolean;
  /** What a stored number is. */
  element?: ElementType;
  parts: RowGroupPart[];
}

/**
 * Opens a Parquet file: finds its vectors and their width.
 *
 * @throws {DbksvdError} `data` where the file is no Parquet, damaged, or holds no one choice of vectors
 */
export async function openParquet(
  source: ByteSource,
  options: ParquetOptions,
): Promise<ParquetFile> {
  const { metadata } = await readFooter(source, options.pageLimit);
  const place = { file: source.path, column: options.column };
  const tableRows = Number(metadata.num_rows);
  if (tableRows === 0) return { source, tableRows, nested: false, parts: [] };
  try {
    const choice = await choose(source, metadata, options);
    const { leaves, name } = choice;
    const width = choice.width ??
      await widthOf(source, metadata, leaves[0], options) ??
      options.expectedWidth;
    const nested = leaves[0].layout === "nested";
    const file = { source, column: name, width, tableRows, nested };
    const parts = width === undefined
      ? []
      : await openGroups({ ...file, width }, metadata, leaves, options);
    return { ...file, element: leaves[0].element, parts };
  } catch (error) {
    throw atPlace(error, place);
  }
}

/** A file's choices of vectors with the widths that are known. */
export async function listParquet(
  source: ByteSource,
  options: ParquetOptions,
): Promise<VectorChoice[]> {
  const { metadata } = await readFooter(source, options.pageLimit);
  try {
    return await measured(source, metadata, options);
  } catch (error) {
    throw atPlace(error, { file: source.path });
  }
}

async function choose(
  source: ByteSource,
  metadata: FileMetaData,
  options: ParquetOptions,
): Promise<VectorChoice> {
  const leaves = typedLeaves(metadata, options.blobType);
  const place = { file: source.path, column: options.column };
  if (options.column === undefined) {
    const choices = await measured(source, metadata, options);
    return onlyChoice(choices, options.blobType !== undefined, place);
  }
  const choice = namedChoice(leaves, options.column);
  if (choice === undefined) {
    const choices = await measured(source, metadata, options);
    throw new DbksvdError("data", "No such column of vectors", {
      where: place,
      mend: `choose one of: ${listChoices(choices)}`,
    });
  }
  if (choice.leaves[0].layout === "blob" && options.blobType === undefined) {
    throw new DbksvdError("data", "Column holds bytes", {
      where: place,
      mend: "say what they are with --blob-type f32, f16 or bf16",
    });
  }
  return choice;
}

function typedLeaves(metadata: FileMetaData, blobType?: ElementType): Leaf[] {
  return vectorLeaves(metadata).map((leaf) =>
    leaf.layout === "blob" ? { ...leaf, element: blobType ?? "f32" } : leaf
  );
}

async function measured(
  source: ByteSource,
  metadata: FileMetaData,
  options: ParquetOptions,
): Promise<VectorChoice[]> {
  const choices = vectorChoices(typedLeaves(metadata, options.blobType));
  for (const choice of choices) {
    const [leaf] = choice.leaves;
    if (leaf.layout === "blob" && options.blobType === undefined) continue;
    choice.width ??= await widthOf(source, metadata, leaf, options, true);
  }
  return choices;
}

// The first vectors tell: how many values there are for a row does not, where some rows have none.
async function widthOf(
  source: ByteSource,
  metadata: FileMetaData,
  leaf: Leaf,
  { pageLimit, expectedWidth }: ParquetOptions,
  uniform = false,
): Promise<number | undefined> {
  const size = ELEMENT_BYTES[leaf.element];
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (rows === 0) continue;
    if (leaf.layout === "blob" && leaf.physical === "FIXED") {
      return wholeBlob(leaf.typeLength, size, source, leaf);
    }
    const chunk = findChunk(source, group, leaf);
    if (leaf.layout === "list" && chunk.slots === rows * expectedWidth!) {
      return expectedWidth;
    }
    const probed = await probeLength(source, chunk, leaf, pageLimit);
    if (probed === undefined) continue;
    if (leaf.layout === "blob") {
      return wholeBlob(probed.length, size, source, leaf);
    }
    return uniform && !probed.uniform ? undefined : probed.length;
  }
  return undefined;
}

function wholeBlob(
  bytes: number,
  size: number,
  { path: file }: ByteSource,
  { name: column }: Leaf,
): number {
  if (bytes % size === 0) return bytes / size;
  throw new DbksvdError(
    "data",
    `Rows of ${bytes} bytes do not hold whole numbers of ${size}`,
    { where: { file, column }, mend: "check --blob-type" },
  );
}

type RowGroup = FileMetaData["row_groups"][number];

async function openGroups(
  file: Omit<ParquetFile, "parts"> & { width: number },
  metadata: FileMetaData,
  leaves: readonly Leaf[],
  { pageLimit, decoders }: ParquetOptions,
): Promise<RowGroupPart[]> {
  const { source, width } = file;
  const side = new SideColumns(
    source,
    leaves.map((leaf) => leaf.path[0]),
    pageLimit,
  );
  const parts: RowGroupPart[] = [];
  let outerStart = 0;
  for (const [g, group] of metadata.row_groups.entries()) {
    const outerRows = Number(group.num_rows);
    if (outerRows > 0) {
      const columns = leaves.map((leaf) => ({
        leaf,
        chunk: findChunk(source, group, leaf),
      }));
      const nested = file.nested
        ? new NestedGroup(source, columns[0], outerRows, pageLimit)
        : undefined;
      const rows = await nested?.rows(group) ?? outerRows;
      const table = {
        start: outerStart,
        rows: outerRows,
        columns: () => side.columns(),
        readColumns: side.read.bind(side),
        nestedStarts: nested && (() => nested.starts()),
      };
      const shape = { width, rows, rowGroup: g, pageLimit, decoders };
      parts.push(new RowGroupPart(source, columns, shape, table));
    }
    outerStart += outerRows;
  }
  return parts;
}

// Which inner lists, the rows, belong to which rows of the table.
class NestedGroup {
  #scanned: Promise<NestedRows> | undefined;

  constructor(
    readonly source: ByteSource,
    readonly column: GroupColumn,
    readonly outerRows: number,
    readonly pageLimit: number,
  ) {}

  // How many lists there are is known by the levels alone: lists may be of any length, or missing.
  async rows(group: RowGroup): Promise<number> {
    const { source, column: { leaf, chunk }, outerRows } = this;
    const { meta_data } = columnOf(source, group, leaf);
    const sizes = meta_data?.size_statistics;
    return countNested(leaf, chunk, outerRows, sizes) ??
      (await this.#scan()).rows;
  }

  async starts(): Promise<Uint32Array> {
    return (await this.#scan()).starts;
  }

  #scan(): Promise<NestedRows> {
    const { source, column: { leaf, chunk }, outerRows, pageLimit } = this;
    this.#scanned ??= scanNested(source, chunk, leaf, outerRows, pageLimit);
    return this.#scanned;
  }
}
