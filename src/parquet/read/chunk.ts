import type { ColumnChunk, RowGroup, SchemaElement } from "hyparquet";
import { DbksvdError, type ErrorPlace } from "../../errors.ts";
import type { ByteSource } from "../../files/bytes.ts";
import { knownCodec } from "./codecs.ts";
import { type Chunk, chunkOf } from "./pages.ts";

/** What is looked for in a row group: a column by its path in the schema. */
export interface Sought {
  path: readonly string[];
  /** As the user names it; the path where left out. */
  name?: string;
  schema: SchemaElement;
}

/**
 * A column's chunk in a row group, fit to be read.
 *
 * @throws {DbksvdError} `data` where it is encrypted, of an unknown codec, or one of two of the same name
 * @throws {Error} where the file contradicts itself
 */
export function findChunk(
  source: ByteSource,
  group: RowGroup,
  sought: Sought,
): Chunk {
  const where = { file: source.path, column: nameOf(sought) };
  const column = columnOf(source, group, sought);
  if (column.crypto_metadata !== undefined) throw encrypted(where);
  if (column.meta_data!.type !== sought.schema.type) {
    throw new Error("Row group and schema disagree about the column's type");
  }
  const chunk = chunkOf(column, source.size);
  if (knownCodec(chunk.codec)) return chunk;
  throw new DbksvdError("data", `Codec ${chunk.codec} is not supported`, {
    where,
    mend: "write the file with zstd, snappy, gzip, brotli, lz4_raw or none",
  });
}

/** A column as the row group's metadata describe it. */
export function columnOf(
  { path: file }: ByteSource,
  group: RowGroup,
  sought: Sought,
): ColumnChunk {
  const path = sought.path.join("\0");
  const [column, another] = group.columns.filter(({ meta_data }) =>
    meta_data?.path_in_schema.join("\0") === path
  );
  const where = { file, column: nameOf(sought) };
  if (another !== undefined) throw sameName(where);
  if (column !== undefined) return column;
  // A column that is encrypted by a key of its own does not even tell its name.
  throw group.columns.some(({ meta_data }) => meta_data === undefined)
    ? encrypted(where)
    : new Error("Row group lacks the column");
}

/** That a name does not tell which column is meant. */
export function sameName(where: ErrorPlace): DbksvdError {
  return new DbksvdError("data", "Two columns have the same name", {
    where,
    mend: "write the file again with a name for each",
  });
}

function nameOf({ name, path }: Sought): string {
  return name ?? path.join(".");
}

function encrypted(where: ErrorPlace): DbksvdError {
  return new DbksvdError("data", "Column is encrypted", {
    where,
    mend: "decrypt the file first, or choose another with --column",
  });
}
