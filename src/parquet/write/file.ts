import { dirname } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import type { ColumnChunk, SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { DbksvdError } from "../../errors.ts";
import {
  flushDirectory,
  temporarySibling,
  writeError,
} from "../../files/atomic.ts";
import { TOOL_VERSION } from "../../version.ts";
import { codecOf, type Compression } from "./codecs.ts";
import { type NumberColumn, writeNumberChunk } from "./pages.ts";

/** A column of any type, its values as hyparquet gives them. */
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
  readonly #path: string;
  readonly #temporary: string;
  readonly #compression: Compression;
  readonly #buffer = new ByteWriter(2 ** 20);
  readonly #parquet: ParquetWriter;
  readonly #file: Deno.FsFile;
  /** Bytes written so far. */
  bytes = 0;

  private constructor(
    path: string,
    temporary: string,
    file: Deno.FsFile,
    options: ParquetOptions,
  ) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.#compression = options.compression;
    this.#parquet = new ParquetWriter({
      writer: this.#buffer,
      schema: [
        { name: "root", num_children: options.columns.length },
        ...options.columns.flat(),
      ],
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
    const temporary = temporarySibling(path);
    await refuseDirectory(path);
    try {
      const file = await Deno.open(temporary, { write: true, createNew: true });
      return new ParquetFile(path, temporary, file, options);
    } catch (cause) {
      throw writeError(path, cause);
    }
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
    this.#parquet.finish();
    await this.#drain();
    try {
      await this.#file.sync();
      this.#file.close();
      await Deno.rename(this.#temporary, this.#path);
      await flushDirectory(dirname(this.#path));
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Closes and removes what was written. */
  async abandon(): Promise<void> {
    try {
      this.#file.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    try {
      await Deno.remove(this.#temporary);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
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
    const bytes = this.#buffer.getBytes();
    try {
      let written = 0;
      while (written < bytes.length) {
        written += await this.#file.write(bytes.subarray(written));
      }
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
    this.bytes += bytes.length;
    this.#buffer.index = 0;
  }
}

// The rename at the end would find it out too, after all the work.
async function refuseDirectory(path: string): Promise<void> {
  const { isDirectory } = await Deno.stat(path).catch(() => ({
    isDirectory: false,
  }));
  if (!isDirectory) return;
  throw new DbksvdError("usage", "The output is a directory", {
    where: { file: path },
    mend: "name a file",
  });
}
