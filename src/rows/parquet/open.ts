import type { FileMetaData } from "hyparquet";
import { DbksvdError } from "../../errors.ts";
import type { ByteSource } from "../bytes.ts";
import { atPlace } from "../store.ts";
import {
  listChoices,
  namedChoice,
  onlyChoice,
  type VectorChoice,
  vectorChoices,
} from "./choose.ts";
import { knownCodec } from "./codecs.ts";
import {
  ELEMENT_BYTES,
  type ElementType,
  type Leaf,
  vectorLeaves,
} from "./columns.ts";
import { readFooter } from "./footer.ts";
import { type Chunk, chunkOf } from "./pages.ts";
import { type GroupColumn, RowGroupPart } from "./part.ts";
import { type NestedRows, probeLength, scanNested } from "./probe.ts";

/** What opening a Parquet file needs to know. */
export interface ParquetOptions {
  column?: string;
  blobType?: "f32" | "f16" | "bf16";
  /** Bytes that a footer or a page may take. */
  pageLimit: number;
}

/** A row group and its place among the file's own rows, which for nested lists hold several vectors each. */
export interface OpenGroup {
  part: RowGroupPart;
  outerStart: number;
  outerRows: number;
}

/** A Parquet file with the vectors chosen. */
export interface ParquetFile {
  source: ByteSource;
  column: string;
  width: number;
  nested: boolean;
  groups: OpenGroup[];
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
  try {
    const choice = await choose(source, metadata, options);
    const { leaves, name } = choice;
    const width = choice.width ??
      await widthOf(source, metadata, leaves[0], options);
    if (width === undefined) {
      throw new DbksvdError("data", "No row holds a vector", {
        where: { ...place, column: name },
        mend: "the file has no rows, or only empty ones",
      });
    }
    const file = {
      source,
      column: name,
      width,
      nested: leaves[0].layout === "nested",
    };
    const groups = await openGroups(file, metadata, leaves, options);
    return { ...file, groups };
  } catch (error) {
    throw atPlace(error, place);
  }
}

/** A file's choices of vectors with the widths that can be told. */
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

// Lists of one length are as many times longer than the rows; where that does not tell, the first vectors do.
async function widthOf(
  source: ByteSource,
  metadata: FileMetaData,
  leaf: Leaf,
  { pageLimit }: ParquetOptions,
  uniform = false,
): Promise<number | undefined> {
  const size = ELEMENT_BYTES[leaf.element];
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (rows === 0) continue;
    if (leaf.layout === "blob" && leaf.physical === "FIXED") {
      return wholeBlob(leaf.typeLength, size);
    }
    const chunk = findChunk(source, group, leaf);
    if (leaf.layout === "list" && chunk.slots > 0) {
      const ratio = chunk.slots / rows;
      if (Number.isInteger(ratio) && ratio > 1) return ratio;
      if (uniform && ratio !== 1) return undefined;
    }
    const length = await probeLength(source, chunk, leaf, pageLimit);
    if (length === undefined) continue;
    return leaf.layout === "blob" ? wholeBlob(length, size) : length;
  }
  return undefined;
}

function wholeBlob(bytes: number, size: number): number {
  if (bytes % size !== 0) {
    throw new DbksvdError(
      "data",
      `Rows of ${bytes} bytes do not hold whole numbers of ${size}`,
      { mend: "check --blob-type" },
    );
  }
  return bytes / size;
}

type RowGroup = FileMetaData["row_groups"][number];

function findChunk(source: ByteSource, group: RowGroup, leaf: Leaf): Chunk {
  if (group.columns.some((column) => column.meta_data === undefined)) {
    throw new DbksvdError("data", "Columns are encrypted", {
      where: { file: source.path },
      mend: "decrypt the file first",
    });
  }
  const path = leaf.path.join("\0");
  const column = group.columns.find((column) =>
    column.meta_data?.path_in_schema.join("\0") === path
  );
  if (column === undefined) throw new Error("Row group lacks the column");
  const chunk = chunkOf(column, source.size);
  if (!knownCodec(chunk.codec)) {
    throw new DbksvdError("data", `Codec ${chunk.codec} is not supported`, {
      where: { file: source.path, column: leaf.name },
      mend: "write the file with zstd, snappy, gzip, brotli, lz4_raw or none",
    });
  }
  return chunk;
}

async function openGroups(
  file: Omit<ParquetFile, "groups">,
  metadata: FileMetaData,
  leaves: readonly Leaf[],
  { pageLimit }: ParquetOptions,
): Promise<OpenGroup[]> {
  const { source, width } = file;
  const groups: OpenGroup[] = [];
  let outerStart = 0;
  for (const [g, group] of metadata.row_groups.entries()) {
    const outerRows = Number(group.num_rows);
    if (outerRows > 0) {
      const columns = leaves.map((leaf) => ({
        leaf,
        chunk: findChunk(source, group, leaf),
      }));
      const rows = file.nested
        ? await nestedRows(source, group, columns[0], width, pageLimit)
        : outerRows;
      const part = new RowGroupPart(source, columns, width, rows, g, pageLimit);
      groups.push({ part, outerStart, outerRows });
    }
    outerStart += outerRows;
  }
  return groups;
}

// Where no value is missing, every slot belongs to a full inner list; else the levels have to be counted.
async function nestedRows(
  source: ByteSource,
  group: RowGroup,
  { leaf, chunk }: GroupColumn,
  width: number,
  pageLimit: number,
): Promise<number> {
  const path = leaf.path.join("\0");
  const meta = group.columns.find((column) =>
    column.meta_data?.path_in_schema.join("\0") === path
  )?.meta_data;
  const complete = meta?.statistics?.null_count === 0n;
  if (complete && chunk.slots % width === 0) return chunk.slots / width;
  const outer = Number(group.num_rows);
  return (await scanNested(source, chunk, leaf, outer, pageLimit)).rows;
}

/** Which inner rows belong to which outer row of a row group of nested lists. */
export function nestedRowsOf(
  file: ParquetFile,
  group: OpenGroup,
  pageLimit: number,
): Promise<NestedRows> {
  const { leaf, chunk } = group.part.columns[0];
  const { outerRows } = group;
  return scanNested(file.source, chunk, leaf, outerRows, pageLimit);
}
