import type { FileMetaData } from "hyparquet";
import { parquetMetadata } from "hyparquet";
import { DbksvdError } from "../../errors.ts";
import type { ByteSource } from "../../files/bytes.ts";
import { structEnd } from "./guard.ts";

const MAGIC = 0x31524150; // "PAR1"
const ENCRYPTED = 0x45524150; // "PARE"

/** More rows than this in a byte of file are taken for damage. */
const ROWS_PER_BYTE = 1024;

/** A file's footer: its metadata and the bytes they came from. */
export interface Footer {
  metadata: FileMetaData;
  /** The Thrift structure, without length and magic. */
  bytes: Uint8Array;
}

/**
 * Reads and checks a Parquet footer.
 *
 * @param source the file
 * @param budget bytes the footer may take at most
 * @throws {DbksvdError} `data` for anything that is no sound Parquet footer
 */
export async function readFooter(
  source: ByteSource,
  budget: number,
): Promise<Footer> {
  const { size } = source;
  const broken = (what: string, mend: string, cause?: unknown) =>
    new DbksvdError("data", what, {
      where: { file: source.path },
      mend,
      cause,
    });
  if (size === 0) throw broken("File is empty", "write it again");
  if (size < 12) {
    throw broken("File is not Parquet", "it is too short; check the format");
  }
  const tail = await source.read(size - 8, 8);
  const view = new DataView(tail.buffer);
  const magic = view.getUint32(4, true);
  if (magic === ENCRYPTED) {
    throw broken("File is encrypted", "decrypt it first");
  }
  if (magic !== MAGIC) {
    const head = new DataView((await source.read(0, 4)).buffer);
    throw head.getUint32(0, true) === MAGIC
      ? broken(
        "File is truncated, the Parquet footer is missing",
        "copy it again",
      )
      : broken("File is not Parquet", "check the format");
  }
  const length = view.getUint32(0, true);
  if (length > size - 12) {
    throw broken("Footer is corrupt, longer than the file", "write it again");
  }
  if (length > budget) {
    throw broken(
      `Footer takes ${length} bytes, more than the memory budget`,
      "raise the budget or write larger row groups",
    );
  }
  const bytes = await source.read(size - 8 - length, length + 8);
  try {
    structEnd(bytes.subarray(0, length), 0);
    const metadata = parquetMetadata(bytes.buffer, { geoparquet: false });
    checkCounts(metadata, size);
    await requireOneFile(source, metadata, size - 8 - length);
    return { metadata, bytes: bytes.subarray(0, length) };
  } catch (error) {
    if (error instanceof DbksvdError) throw error;
    throw broken("Footer is corrupt", "write the file again", error);
  }
}

// Behind another file, as by `cat`, a file's offsets would lead into that one, and rows would be lost.
async function requireOneFile(
  source: ByteSource,
  { row_groups: groups }: FileMetaData,
  footerStart: number,
): Promise<void> {
  let end = 0;
  for (const column of groups.flatMap(({ columns }) => columns)) {
    const { meta_data: chunk } = column;
    const { dictionary_page_offset: first, data_page_offset = 0n } = chunk ??
      {};
    const start = Number(first || data_page_offset);
    const parts = [
      [start, Number(chunk?.total_compressed_size ?? 0)],
      [
        Number(chunk?.bloom_filter_offset ?? 0),
        chunk?.bloom_filter_length ?? 0,
      ],
      [
        Number(column.column_index_offset ?? 0),
        column.column_index_length ?? 0,
      ],
      [
        Number(column.offset_index_offset ?? 0),
        column.offset_index_length ?? 0,
      ],
    ];
    for (const [from, length] of parts) end = Math.max(end, from + length);
  }
  const before = footerStart - end;
  if (end === 0 || before < 12) return;
  const seam = new DataView((await source.read(before - 4, 8)).buffer);
  if (seam.getUint32(0, true) !== MAGIC || seam.getUint32(4, true) !== MAGIC) {
    return;
  }
  throw new DbksvdError("data", "Another Parquet file stands before this one", {
    where: { file: source.path },
    mend: "give each file by itself",
  });
}

// Row counts are sums that batches and row numbers are cut from: they have to be sound before anything relies on them.
function checkCounts(metadata: FileMetaData, fileSize: number) {
  const total = Number(metadata.num_rows);
  let sum = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (!Number.isSafeInteger(rows) || rows < 0) {
      throw new Error(`Row group of ${rows} rows`);
    }
    sum += rows;
  }
  if (sum > fileSize * ROWS_PER_BYTE) {
    throw new Error(`File of ${fileSize} bytes claims ${sum} rows`);
  }
  if (sum !== total || !Number.isSafeInteger(sum)) {
    throw new Error(`Row groups hold ${sum} rows, the file ${total}`);
  }
}
