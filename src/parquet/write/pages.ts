import type {
  ColumnMetaData,
  CompressionCodec,
  SchemaElement,
} from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { bytesOf } from "../../bytes.ts";
import type { Compress } from "./codecs.ts";

/** Values of a page, before compression. */
const PAGE_BYTES = 2 ** 20;

/** Numbers as Parquet stores them plainly: the bytes of the array. */
export type Numbers = Int32Array | Float32Array | BigInt64Array;

/** A column of numbers that goes into pages as it lies in memory: one number a row, or a list a row. */
export interface NumberColumn {
  name: string;
  data: Numbers;
  /** Numbers in each row's list; absent for one number a row. */
  lengths?: Uint32Array;
}

/** A page: levels as they are, values compressed. */
interface Page {
  rows: number;
  entries: number;
  empty: number;
  repetition: Uint8Array;
  definition: Uint8Array;
  values: Uint8Array;
}

/** Parquet's schema of a number column: required values, lists never null but possibly empty. */
export function numberSchema(
  name: string,
  type: "INT32" | "INT64" | "FLOAT",
  list: boolean,
): SchemaElement[] {
  if (!list) return [{ name, type, repetition_type: "REQUIRED" }];
  return [
    {
      name,
      repetition_type: "REQUIRED",
      num_children: 1,
      converted_type: "LIST",
      logical_type: { type: "LIST" },
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", type, repetition_type: "REQUIRED" },
  ];
}

/**
 * Writes a chunk of a number column: data pages V2, PLAIN values, levels computed rather than walked. Pages are
 * compressed at once, off this thread where the codec can.
 *
 * @returns the chunk's metadata, for the footer
 */
export async function writeNumberChunk(
  writer: ByteWriter,
  column: NumberColumn,
  codec: CompressionCodec,
  compress: Compress | undefined,
): Promise<ColumnMetaData> {
  const pages = cutPages(column);
  const packed = await Promise.all(
    pages.map(({ values }) => compress?.(values) ?? values),
  );
  const start = writer.offset;
  let uncompressed = 0;
  pages.forEach((page, i) => {
    const levels = page.repetition.length + page.definition.length;
    const headerStart = writer.offset;
    writePageHeader(writer, {
      type: "DATA_PAGE_V2",
      uncompressed_page_size: levels + page.values.length,
      compressed_page_size: levels + packed[i].length,
      data_page_header_v2: {
        num_values: page.entries,
        num_nulls: page.empty,
        num_rows: page.rows,
        encoding: "PLAIN",
        definition_levels_byte_length: page.definition.length,
        repetition_levels_byte_length: page.repetition.length,
        is_compressed: compress !== undefined,
      },
    });
    uncompressed += writer.offset - headerStart + levels + page.values.length;
    writer.appendBytes(page.repetition);
    writer.appendBytes(page.definition);
    writer.appendBytes(packed[i]);
  });
  return {
    type: typeOf(column.data),
    encodings: ["PLAIN", "RLE"],
    path_in_schema: column.lengths === undefined
      ? [column.name]
      : [column.name, "list", "element"],
    codec,
    num_values: BigInt(pages.reduce((sum, page) => sum + page.entries, 0)),
    total_uncompressed_size: BigInt(uncompressed),
    total_compressed_size: BigInt(writer.offset - start),
    data_page_offset: BigInt(start),
  };
}

function typeOf(data: Numbers): "INT32" | "INT64" | "FLOAT" {
  if (data instanceof Float32Array) return "FLOAT";
  return data instanceof Int32Array ? "INT32" : "INT64";
}

function cutPages({ data, lengths }: NumberColumn): Page[] {
  const perPage = PAGE_BYTES / data.BYTES_PER_ELEMENT;
  const rows = lengths?.length ?? data.length;
  const pages: Page[] = [];
  let value = 0;
  for (let from = 0; from < rows;) {
    let to = from;
    let count = 0;
    if (lengths === undefined) to = Math.min(rows, from + perPage);
    else do count += lengths[to++]; while (to < rows && count < perPage);
    const end = lengths === undefined ? to : value + count;
    const values = bytesOf(data.subarray(value, end));
    pages.push({ ...levelsOf(lengths?.subarray(from, to), to - from), values });
    value = end;
    from = to;
  }
  return pages;
}

// Repetition: 0 where a row's list begins, 1 within it. Definition: 1 for a value, 0 for an empty list's place.
function levelsOf(lengths: Uint32Array | undefined, rows: number) {
  const none = new Uint8Array(0);
  if (lengths === undefined) {
    return {
      rows,
      entries: rows,
      empty: 0,
      repetition: none,
      definition: none,
    };
  }
  let entries = 0;
  let empty = 0;
  for (const length of lengths) {
    entries += Math.max(1, length);
    if (length === 0) empty++;
  }
  const repetition = new BitRun(entries, true);
  const definition = new BitRun(entries, true);
  let at = 0;
  for (const length of lengths) {
    repetition.clear(at);
    if (length === 0) definition.clear(at);
    at += Math.max(1, length);
  }
  return {
    rows,
    entries,
    empty,
    repetition: repetition.bytes,
    definition: empty === 0 ? onesRun(entries) : definition.bytes,
  };
}

/** One bit-packed run of the RLE hybrid, bit width 1: a varint (groups of eight << 1 | 1), then the bits. */
class BitRun {
  readonly bytes: Uint8Array;
  readonly #start: number;

  constructor(count: number, ones: boolean) {
    const groups = Math.ceil(count / 8);
    const header = varint(groups * 2 + 1);
    this.#start = header.length;
    this.bytes = new Uint8Array(header.length + groups);
    this.bytes.set(header);
    if (ones) this.bytes.fill(0xFF, header.length);
  }

  clear(bit: number) {
    this.bytes[this.#start + (bit >> 3)] &= ~(1 << (bit & 7));
  }
}

function onesRun(count: number): Uint8Array {
  return Uint8Array.of(...varint(count * 2), 1);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  while (value > 0x7F) {
    bytes.push((value & 0x7F) | 0x80);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
  return bytes;
}
