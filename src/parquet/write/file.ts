import { constants, zstdCompressSync } from "node:zlib";
import type { ColumnChunk, SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { OutputFile } from "../../files/output_file.ts";
import { TOOL_VERSION } from "../../version.ts";
import { codecOf, type Compression } from "./codecs.ts";
import { type NumberColumn, writeNumberChunk } from "./pages.ts";
import { writableSchema } from "./schema.ts";

/** A column of any type, its values as `RowSource.readColumns` gives them exactly. */
export interface ValueColumn {
  name: string;
  /** The column in Parquet's schema. */
  schema: object[];
  values: unknown[];
}

/** A column of a row group: numbers as they lie in memory, or values of a column that is passed through. */
export type GroupColumn = NumberColumn | ValueColumn;

/** What a Parquet file is made with. */
export interface ParquetOptions {
  /** Every column's schema, in the order in which row groups give them. */
  columns: readonly SchemaElement[][];
  compression: Compression;
  /** Key and value metadata of the footer. */
  metadata: Readonly<Record<string, string>>;
}

/** A Parquet file in the making: nothing is at its name before {@linkcode ParquetFile.finish}. */
export class ParquetFile {
  readonly #compression: Compression;
  readonly #buffer = new ByteWriter(2 ** 20);
  readonly #parquet: ParquetWriter;
  readonly #file: OutputFile;
  readonly #schema: SchemaElement[];

  private constructor(file: OutputFile, options: ParquetOptions) {
    this.#file = file;
    this.#compression = options.compression;
    this.#schema = writableSchema([
      { name: "root", num_children: options.columns.length },
      ...options.columns.flat(),
    ]);
    this.#parquet = new ParquetWriter({
      writer: this.#buffer,
      schema: this.#schema.map(asBytes),
      codec: codecOf(options.compression).codec,
      compressors: {
        ZSTD: (bytes) =>
          zstdCompressSync(bytes, {
            params: { [constants.ZSTD_c_compressionLevel]: 1 },
          }),
      },
      kvMetadata: Object.entries(options.metadata)
        .map(([key, value]) => ({ key, value })),
      createdBy: `dbksvd version ${TOOL_VERSION}`,
    });
  }

  /** Opens a temporary file beside `path`. */
  static async create(
    path: string,
    options: ParquetOptions,
  ): Promise<ParquetFile> {
    return new ParquetFile(await OutputFile.create(path), options);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** Writes a row group and hands its bytes to the file. */
  async writeGroup(
    rows: number,
    columns: readonly GroupColumn[],
  ): Promise<void> {
    const start = this.#buffer.offset;
    const chunks: ColumnChunk[] = [];
    for (const column of columns) {
      chunks.push(
        ..."values" in column
          ? this.#writeValues(column)
          : await this.#writeNumbers(column),
      );
    }
    this.#parquet.row_groups.push({
      columns: chunks,
      num_rows: BigInt(rows),
      total_byte_size: chunks.reduce(
        (sum, { meta_data }) => sum + meta_data!.total_uncompressed_size,
        0n,
      ),
      total_compressed_size: BigInt(this.#buffer.offset - start),
    });
    this.#parquet.num_rows += BigInt(rows);
    await this.#drain();
  }

  /** Writes the footer, flushes the file to disk and gives it its name. */
  async finish(): Promise<void> {
    this.#parquet.schema = this.#schema;
    this.#parquet.finish();
    await this.#drain();
    await this.#file.finish();
  }

  /** Closes and removes what was written. */
  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async #writeNumbers(column: NumberColumn): Promise<ColumnChunk[]> {
    const { codec, compress } = codecOf(this.#compression);
    const offset = BigInt(this.#buffer.offset);
    const meta_data = await writeNumberChunk(
      this.#buffer,
      column,
      codec,
      compress,
    );
    return [{ file_offset: offset, meta_data }];
  }

  // The library writes the column as a row group of its own; its chunks join ours.
  #writeValues({ name, values }: ValueColumn): ColumnChunk[] {
    const rows = this.#parquet.num_rows;
    this.#parquet.write({
      columnData: [{ name, data: values, offsetIndex: false }],
      rowGroupSize: values.length,
    });
    this.#parquet.num_rows = rows;
    return this.#parquet.row_groups.pop()!.columns;
  }

  async #drain(): Promise<void> {
    await this.#file.write(this.#buffer.getBytes());
    this.#buffer.index = 0;
  }
}

// What is marked as JSON in the old way the writer would take for objects: it gets their text, which says more.
function asBytes(element: SchemaElement): SchemaElement {
  if (element.converted_type !== "JSON") return element;
  const { converted_type: _, ...rest } = element;
  return { ...rest, logical_type: { type: "JSON" } };
}
