import type { ColumnChunk, PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import type { ByteSource } from "../../files/bytes.ts";
import { structEnd, Truncated } from "./guard.ts";

/** A data or dictionary page: where it lies and what its header says, checked against its column chunk. */
export interface Page {
  /** Where the page's bytes begin, after the header. */
  offset: number;
  compressed: number;
  uncompressed: number;
  /** Values it holds, nulls included. */
  slots: number;
  /** Values of the chunk before it. */
  firstSlot: number;
  encoding: string;
  /** 1 and 2: data pages; 0: a dictionary. */
  version: 0 | 1 | 2;
  crc?: number | undefined;
  /** Version 2 only: bytes of levels, which are never compressed. */
  repetitionBytes: number;
  definitionBytes: number;
  nulls: number;
  valuesCompressed: boolean;
}

/** A column chunk: where its pages lie. */
export interface Chunk {
  start: number;
  end: number;
  slots: number;
  codec: string;
}

const HEADER_GUESS = 512;
const HEADER_MOST = 16 * 2 ** 20;

/** Checks a column chunk's place and size against its file. */
export function chunkOf(column: ColumnChunk, fileSize: number): Chunk {
  const meta = column.meta_data;
  if (column.file_path) throw new Error("Column lies in another file");
  if (meta === undefined) throw new Error("Column is encrypted");
  const dictionary = Number(meta.dictionary_page_offset ?? 0n);
  const data = Number(meta.data_page_offset);
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  const end = start + Number(meta.total_compressed_size);
  const slots = Number(meta.num_values);
  if (!(start >= 4 && end > start && end <= fileSize)) {
    throw new Error("Column chunk lies outside the file");
  }
  if (!Number.isSafeInteger(slots) || slots < 0) {
    throw new Error(`Column chunk of ${slots} values`);
  }
  return { start, end, slots, codec: meta.codec ?? "unknown" };
}

/**
 * The pages of a column chunk, in order; only their headers are read.
 *
 * @param source the file
 * @param chunk the chunk
 * @param pageLimit bytes that a page may take at most
 */
export async function* walkPages(
  source: ByteSource,
  chunk: Chunk,
  pageLimit: number,
): AsyncGenerator<Page> {
  let at = chunk.start;
  let firstSlot = 0;
  while (firstSlot < chunk.slots) {
    if (at >= chunk.end) {
      throw new Error(
        `Column chunk holds ${firstSlot} values instead of ${chunk.slots}`,
      );
    }
    const { header, size } = await readHeader(source, at, chunk.end);
    const offset = at + size;
    at = offset + header.compressed_page_size;
    if (header.type === "INDEX_PAGE") continue;
    const page = checkPage(header, offset, firstSlot, pageLimit);
    if (at > chunk.end) throw new Error("Page reaches beyond its chunk");
    if (page.version > 0) {
      firstSlot += page.slots;
      if (firstSlot > chunk.slots) {
        throw new Error("Pages hold more values than their chunk");
      }
    }
    yield page;
  }
}

async function readHeader(
  source: ByteSource,
  at: number,
  end: number,
): Promise<{ header: PageHeader; size: number }> {
  for (let guess = HEADER_GUESS;; guess *= 16) {
    const bytes = await source.read(at, Math.min(guess, end - at));
    try {
      const size = structEnd(bytes, 0);
      const view = new DataView(bytes.buffer, 0, size);
      return { header: parquetHeader({ view, offset: 0 }), size };
    } catch (error) {
      const more = error instanceof Truncated && guess < end - at &&
        guess < HEADER_MOST;
      if (!more) throw new Error("Page header is corrupt", { cause: error });
    }
  }
}

function checkPage(
  header: PageHeader,
  offset: number,
  firstSlot: number,
  pageLimit: number,
): Page {
  const { compressed_page_size, uncompressed_page_size } = header;
  const v1 = header.type === "DATA_PAGE" ? header.data_page_header : undefined;
  const v2 = header.type === "DATA_PAGE_V2"
    ? header.data_page_header_v2
    : undefined;
  const dictionary = header.type === "DICTIONARY_PAGE"
    ? header.dictionary_page_header
    : undefined;
  const fields = v1 ?? v2 ?? dictionary;
  if (fields === undefined) throw new Error("Page is of an unknown type");
  const page: Page = {
    offset,
    compressed: compressed_page_size,
    uncompressed: uncompressed_page_size,
    slots: fields.num_values,
    firstSlot,
    encoding: fields.encoding ?? "unknown",
    version: v1 !== undefined ? 1 : v2 !== undefined ? 2 : 0,
    crc: header.crc,
    repetitionBytes: v2 ? v2.repetition_levels_byte_length : 0,
    definitionBytes: v2 ? v2.definition_levels_byte_length : 0,
    nulls: v2 ? v2.num_nulls : 0,
    valuesCompressed: v2?.is_compressed ?? true,
  };
  const { compressed, uncompressed, slots } = page;
  const levels = page.repetitionBytes + page.definitionBytes;
  const rows = v2 ? v2.num_rows : 0;
  // Damage can take fields away that the format requires, whatever their types say.
  const sizes = [compressed, uncompressed, slots, page.nulls, rows];
  sizes.push(page.repetitionBytes, page.definitionBytes);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new Error("Page header holds a bad size");
  }
  if (
    levels > compressed || levels > uncompressed ||
    Math.max(page.nulls, rows) > slots
  ) {
    throw new Error("Page header's sizes contradict each other");
  }
  if (Math.max(compressed, uncompressed, slots * 4) > pageLimit) {
    throw new Error(
      `Page of ${Math.max(compressed, uncompressed, slots * 4)} bytes is ` +
        "beyond the memory budget",
    );
  }
  if (v1 !== undefined) checkLevelEncoding(v1.repetition_level_encoding);
  if (v1 !== undefined) checkLevelEncoding(v1.definition_level_encoding);
  return page;
}

// The deprecated BIT_PACKED is tolerated in a header: old writers name it where there are no levels at all.
function checkLevelEncoding(encoding: string | undefined) {
  if (encoding !== "RLE" && encoding !== "BIT_PACKED") {
    throw new Error(`Unknown level encoding ${encoding}`);
  }
}
