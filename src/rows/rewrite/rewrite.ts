import { DbksvdError, type ErrorPlace } from "../../errors.ts";
import { type ByteSource, LocalFile } from "../../files/bytes.ts";
import { OutputFile } from "../../files/output_file.ts";
import type { Compression } from "../../parquet/write/codecs.ts";
import { isFloatElement } from "../../parquet/write/elements.ts";
import type { TakeVectors } from "../../parquet/write/new_vectors.ts";
import { replaceVectors } from "../../parquet/write/replace.ts";
import { ArrowPart } from "../formats/arrow/part.ts";
import { ArrayPart } from "../formats/array.ts";
import { RowGroupPart } from "../formats/parquet/part.ts";
import { gather, type Gathered } from "../gather.ts";
import { detectFormat, type FileFormat } from "../file_format.ts";
import type { OpenRowsOptions } from "../options.ts";
import { atPlace } from "../placed.ts";
import { type OpenPart, patchPart } from "./patch.ts";

/** Bytes that a page or a footer may take, times three. */
const BUDGET = 512 * 2 ** 20;

/** The largest number of 16 bits (f16). */
const MOST_F16 = 65_504;

/** Which vectors of a file are meant, as when rows are read. */
export type VectorOptions = Pick<
  OpenRowsOptions,
  "column" | "blobType" | "width"
>;

/** A file of rows that is to be written again with other vectors. */
export class RewritableFile {
  readonly #gathered: Gathered;
  readonly #source: LocalFile;
  /** What the file is. */
  readonly format: FileFormat;

  private constructor(
    gathered: Gathered,
    source: LocalFile,
    format: FileFormat,
  ) {
    this.#gathered = gathered;
    this.#source = source;
    this.format = format;
  }

  /**
   * Opens a file as it is opened for reading rows.
   *
   * @param path a file of this machine: Parquet, Arrow, safetensors, .npy or raw numbers
   * @param options which vectors are meant
   * @throws {DbksvdError} `data` where it cannot be read, or its vectors cannot be written as they lie
   */
  static async open(
    path: string,
    options: VectorOptions,
  ): Promise<RewritableFile> {
    const source = new LocalFile(path);
    const sources: ByteSource[] = [];
    try {
      const format = await detectFormat(source, options.width);
      const found = [{ source, format }];
      const gathered = await gather(found, options, BUDGET, sources);
      const file = new RewritableFile(gathered, source, format);
      file.#requireWritable();
      return file;
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** Dimensions of its vectors. */
  get width(): number {
    return this.#gathered.width;
  }

  /** How many vectors it holds. */
  get rows(): number {
    return this.#gathered.rows;
  }

  /** The largest number that its vectors can hold: beyond what 16 bits have, there is only infinity. */
  get mostValue(): number {
    const isHalf = this.#gathered.placed
      .some(({ part }) => this.#element(part) === "f16");
    return isHalf ? MOST_F16 : Infinity;
  }

  /** Whether its vectors are nested in rows. */
  get nested(): boolean {
    return this.#gathered.nested;
  }

  /**
   * Writes the file again with other vectors, everything else as it is.
   *
   * @param out the file to write
   * @param take gives the new vectors, asked for in the order of the rows
   * @param options the compression of Parquet's new pages, what is added to its footer, what stops `take`
   * @param check looks whether all was taken, before the file gets its name
   * @returns bytes written
   */
  async writeTo(
    out: string,
    take: TakeVectors,
    options: {
      compression?: Compression | undefined;
      metadata: Readonly<Record<string, string>>;
      signal?: AbortSignal | undefined;
    },
    check: () => Promise<void>,
  ): Promise<number> {
    const isTable = this.format === "parquet";
    const file = isTable
      ? await OutputFile.create(out)
      : await OutputFile.copyOf(this.#source.localPath, out);
    try {
      if (isTable) {
        const [{ part }] = this.#gathered.placed;
        await replaceVectors(this.#source, file, {
          ...options,
          leaves: (part as RowGroupPart).columns.map(({ leaf }) => leaf),
          width: this.width,
          take,
          pageLimit: Math.floor(BUDGET / 3),
        });
      } else await this.#patch(file, take);
      await check();
      await file.finish();
      return file.bytes;
    } catch (error) {
      await file.abandon();
      if (options.signal?.aborted) throw error;
      this.#source.requireUnchanged();
      throw atPlace(error, this.#place());
    }
  }

  /** Closes the file. */
  close(): void {
    this.#source.close();
  }

  async #patch(file: OutputFile, take: TakeVectors): Promise<void> {
    for (const at of this.#gathered.placed) {
      const part = at.part as OpenPart;
      const firstRow = this.nested
        ? this.#gathered.tableRows.get(at)!
        : at.fileRow;
      const element = this.#element(part);
      if (!isFloatElement(element)) throw new TypeError("Not floats");
      await patchPart(part, file, element, take, firstRow);
    }
  }

  #element(part: unknown) {
    if (part instanceof RowGroupPart) return part.columns[0].leaf.element;
    return part instanceof ArrayPart
      ? part.layout.element
      : (part as ArrowPart).vectors.element;
  }

  #requireWritable(): void {
    const { placed } = this.#gathered;
    const elements = placed.map(({ part }) => this.#element(part));
    if (this.format === "npz") {
      throw this.#refuse("The input is a .npz archive", "save it as .npy");
    }
    if (!elements.every(isFloatElement)) {
      throw this.#refuse(
        "The input's vectors are whole numbers",
        "decode without --like: rebuilt rows are fractions",
      );
    }
    const columnMajor = placed.some(({ part }) =>
      part instanceof ArrayPart && part.layout.outerShape !== undefined
    );
    if (columnMajor) {
      throw this.#refuse(
        "The input is in Fortran order",
        "save it in C order (numpy.ascontiguousarray)",
      );
    }
    const compressed = placed.some(({ part }) =>
      part instanceof ArrowPart && part.isCompressed
    );
    if (compressed) {
      throw this.#refuse(
        "The input's Arrow buffers are compressed",
        "write them without compression, or as Parquet",
      );
    }
  }

  #refuse(what: string, mend: string): DbksvdError {
    return new DbksvdError("data", what, { where: this.#place(), mend });
  }

  #place(): ErrorPlace {
    return { file: this.#source.path, column: this.#gathered.column };
  }
}
