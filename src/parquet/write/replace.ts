import type {
  ColumnChunk,
  ColumnMetaData,
  CompressionCodec,
  FileMetaData,
} from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import type { LocalFile } from "../../files/bytes.ts";
import { joined } from "../../files/joined.ts";
import type { OutputFile } from "../../files/output_file.ts";
import type { Leaf } from "../read/columns.ts";
import { decodedPages } from "../read/decoded_pages.ts";
import { readFooter } from "../read/footer.ts";
import { type Chunk, chunkOf, type Page } from "../read/pages.ts";
import type { Payload } from "../read/payload.ts";
import { codecOf, type Compress, type Compression } from "./codecs.ts";
import { VectorsByDimension } from "./dimensions.ts";
import { NewVectors, type TakeVectors } from "./new_vectors.ts";
import { writableSchema } from "./schema.ts";

const MAGIC = new TextEncoder().encode("PAR1");

/** Bytes of other columns that are copied at a time. */
const COPIED_AT_ONCE = 2 ** 22;

/** Which columns get new values, and how. */
export interface ReplaceOptions {
  /** The column of the vectors; one for each dimension, where they lie so. */
  leaves: readonly Leaf[];
  /** Dimensions of a vector. */
  width: number;
  /** The new vectors. */
  take: TakeVectors;
  /** Of the new pages; by default what they had, or zstd where that is not written here. */
  compression?: Compression | undefined;
  /** Keys and values for the footer, beside those that are there. */
  metadata: Readonly<Record<string, string>>;
  /** Bytes that the footer or a page may take. */
  pageLimit: number;
}

/**
 * Writes a Parquet file again with other vectors: the schema, the order of rows, row groups and pages stay; every other
 * column is copied byte by byte (without its statistics and indices, which lead to places of the old file).
 *
 * @param source the file
 * @param file what to write to
 * @param options the columns, and their new vectors
 */
export async function replaceVectors(
  source: LocalFile,
  file: OutputFile,
  options: ReplaceOptions,
): Promise<void> {
  const { metadata } = await readFooter(source, options.pageLimit);
  await file.write(MAGIC);
  const groups: FileMetaData["row_groups"] = [];
  let firstRow = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const start = file.bytes;
    const place = { firstRow, rows };
    const writer = new GroupWriter(source, file, options, place);
    const columns: ColumnChunk[] = [];
    try {
      for (const column of group.columns) {
        columns.push(await writer.add(column));
      }
    } finally {
      writer.close();
    }
    groups.push({
      columns,
      num_rows: group.num_rows,
      ...group.sorting_columns === undefined
        ? {}
        : { sorting_columns: group.sorting_columns },
      total_byte_size: columns.reduce(
        (sum, { meta_data }) => sum + meta_data!.total_uncompressed_size,
        0n,
      ),
      total_compressed_size: BigInt(file.bytes - start),
    });
    firstRow += rows;
  }
  const kept = (metadata.key_value_metadata ?? [])
    .filter(({ key }) => options.metadata[key] === undefined);
  const added = Object.entries(options.metadata)
    .map(([key, value]) => ({ key, value }));
  const footer = new ByteWriter(2 ** 16);
  writeMetadata(footer, {
    ...metadata,
    schema: writableSchema(metadata.schema),
    row_groups: groups,
    key_value_metadata: [...kept, ...added],
  });
  await file.write(footer.getBytes());
  await file.write(MAGIC);
}

/** The chunks of one row group. */
class GroupWriter {
  #dimensions: VectorsByDimension | undefined;

  constructor(
    readonly source: LocalFile,
    readonly file: OutputFile,
    readonly options: ReplaceOptions,
    readonly place: { firstRow: number; rows: number },
  ) {}

  async add(column: ColumnChunk): Promise<ColumnChunk> {
    const path = column.meta_data?.path_in_schema.join("\0");
    const at = this.options.leaves
      .findIndex((leaf) => leaf.path.join("\0") === path);
    const meta_data = at < 0
      ? await this.#copy(column)
      : await this.#replace(column, at);
    return { file_offset: 0n, meta_data };
  }

  async #copy(column: ColumnChunk): Promise<ColumnMetaData> {
    const { start, end } = chunkOf(column, this.source.size);
    const shift = BigInt(this.file.bytes - start);
    for (let at = start; at < end; at += COPIED_AT_ONCE) {
      const length = Math.min(COPIED_AT_ONCE, end - at);
      await this.file.write(await this.source.read(at, length));
    }
    const meta = column.meta_data!;
    const dictionary = meta.dictionary_page_offset;
    return {
      ...placeless(meta),
      data_page_offset: meta.data_page_offset + shift,
      ...dictionary ? { dictionary_page_offset: dictionary + shift } : {},
    };
  }

  async #replace(column: ColumnChunk, at: number): Promise<ColumnMetaData> {
    const { source, file, options } = this;
    const leaf = options.leaves[at];
    const chunk = chunkOf(column, source.size);
    const { codec, compress } = this.#codecOf(chunk);
    const pages = new NewVectors(
      leaf,
      leaf.layout === "scalar" ? 1 : options.width,
      this.place.firstRow,
      leaf.layout === "scalar" ? await this.#dimension(at) : options.take,
    );
    const start = file.bytes;
    let uncompressed = 0;
    const { pageLimit } = options;
    const read = decodedPages(source, chunk, leaf, pageLimit);
    for await (const { page, payload, decoded } of read) {
      const values = await pages.replace(decoded, page.slots);
      const rows = rowsIn(decoded.repetition, page.slots);
      const made = await makePage(page, payload, { rows, values, compress });
      uncompressed += made.uncompressed;
      await file.write(made.bytes);
    }
    pages.finish();
    return {
      ...placeless(column.meta_data!),
      encodings: ["PLAIN", "RLE"],
      codec,
      data_page_offset: BigInt(start),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(file.bytes - start),
    };
  }

  // Columns of single dimensions lie one after the other: a row group's vectors are put aside for all of them.
  async #dimension(at: number): Promise<TakeVectors> {
    const { options: { take, width }, place, file } = this;
    this.#dimensions ??= await VectorsByDimension.of(
      take,
      { ...place, width },
      file,
    );
    return this.#dimensions.taker(at);
  }

  /** Gives up what was put aside. */
  close(): void {
    this.#dimensions?.close();
  }

  #codecOf({ codec }: Chunk): {
    codec: CompressionCodec;
    compress?: Compress;
  } {
    const { compression } = this.options;
    if (compression !== undefined) return codecOf(compression);
    if (codec === "UNCOMPRESSED") return codecOf("none");
    return codecOf(codec === "SNAPPY" ? "snappy" : "zstd");
  }
}

// What says nothing of where something lies or how large it is.
function placeless(meta: ColumnMetaData): ColumnMetaData {
  const { type, encodings, path_in_schema, codec, num_values } = meta;
  const { total_uncompressed_size, total_compressed_size } = meta;
  const { data_page_offset } = meta;
  return {
    type,
    encodings,
    path_in_schema,
    codec,
    num_values,
    total_uncompressed_size,
    total_compressed_size,
    data_page_offset,
  };
}

function rowsIn(repetition: ArrayLike<number>, slots: number): number {
  let rows = 0;
  for (let slot = 0; slot < slots; slot++) {
    if ((repetition[slot] ?? 0) === 0) rows++;
  }
  return rows;
}

// A page of the version that it had, with the levels that it had: pages of version 1 may begin within a row.
async function makePage(
  page: Page,
  { repetition, definition }: Payload,
  made: { rows: number; values: Uint8Array; compress?: Compress | undefined },
): Promise<{ bytes: Uint8Array; uncompressed: number }> {
  const { rows, values, compress } = made;
  const [repetitions, definitions] = [repetition, definition].map((runs) =>
    runs?.bytes.subarray(runs.start, runs.end) ?? new Uint8Array(0)
  );
  const header = new ByteWriter(64);
  const pack = async (bytes: Uint8Array) => await compress?.(bytes) ?? bytes;
  if (page.version === 1) {
    const levels = [repetitions, definitions].filter(({ length }) => length > 0)
      .flatMap((runs) => [
        new Uint8Array(Uint32Array.of(runs.length).buffer),
        runs,
      ]);
    const whole = joined([...levels, values]);
    const packed = await pack(whole);
    writePageHeader(header, {
      type: "DATA_PAGE",
      uncompressed_page_size: whole.length,
      compressed_page_size: packed.length,
      data_page_header: {
        num_values: page.slots,
        encoding: "PLAIN",
        definition_level_encoding: "RLE",
        repetition_level_encoding: "RLE",
      },
    });
    const bytes = joined([header.getBytes(), packed]);
    return { bytes, uncompressed: header.offset + whole.length };
  }
  const packed = await pack(values);
  const levels = repetitions.length + definitions.length;
  writePageHeader(header, {
    type: "DATA_PAGE_V2",
    uncompressed_page_size: levels + values.length,
    compressed_page_size: levels + packed.length,
    data_page_header_v2: {
      num_values: page.slots,
      num_nulls: page.nulls,
      num_rows: rows,
      encoding: "PLAIN",
      definition_levels_byte_length: definitions.length,
      repetition_levels_byte_length: repetitions.length,
      is_compressed: compress !== undefined,
    },
  });
  return {
    bytes: joined([header.getBytes(), repetitions, definitions, packed]),
    uncompressed: header.offset + levels + values.length,
  };
}
