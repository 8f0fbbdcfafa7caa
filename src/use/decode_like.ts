import { extname } from "node:path";
import type { UseProgress } from "../coding/coder.ts";
import { DbksvdError } from "../errors.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { Compression } from "../parquet/write/codecs.ts";
import type { RewritableFile } from "../rows/rewrite/rewrite.ts";
import type { StoredCodes } from "./code_records.ts";
import type { CodesReader } from "./codes_reader.ts";
import { reconstructAll } from "./reconstruct_codes.ts";

/** How a file of rows is written again with its vectors rebuilt. */
export interface DecodeLikeOptions {
  /** The codes' file, for errors. */
  codes: string;
  compression?: Compression | undefined;
  /** For Parquet's footer. */
  metadata: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: UseProgress) => void) | undefined;
  onNotice?: ((notice: string) => void) | undefined;
}

/**
 * Refuses an input that codes cannot be put back into.
 *
 * @param input the file that the rows were in
 * @param path its name
 * @param out what to write
 * @param model the dictionary
 * @throws {DbksvdError} `data` where it is of another width, `usage` where the output's name says another format
 */
export function requireLike(
  input: RewritableFile,
  path: string,
  out: string,
  model: DictionaryModel,
): void {
  if (input.width !== model.width) {
    throw new DbksvdError(
      "data",
      `Rows have ${input.width} dimensions, the model ${model.width}`,
      { where: { file: path }, mend: "name the input that was encoded" },
    );
  }
  const ending = extname(path);
  if (ending === "" || extname(out) === ending) return;
  throw new DbksvdError("usage", `--like ${path} is written as ${ending}`, {
    where: { file: out },
    mend: `end --out in ${ending}`,
  });
}

/**
 * Writes a file of rows again, each vector that there are codes of rebuilt from them; everything else as it is.
 *
 * @returns vectors rebuilt, vectors left as they were, bytes written
 * @throws {DbksvdError} `data` where codes are not of the file's rows, or not in their order
 */
export async function writeLike(
  model: DictionaryModel,
  reader: CodesReader,
  input: RewritableFile,
  out: string,
  options: DecodeLikeOptions,
): Promise<{ rows: number; rowsUnchanged: number; bytes: number }> {
  const rebuilt = new RebuiltRows(model, reader, input, options);
  const bytes = await input.writeTo(
    out,
    (rows, items) => rebuilt.take(rows, items),
    options,
    () => rebuilt.finish(),
  );
  if (rebuilt.cut > 0) {
    options.onNotice?.(
      `${rebuilt.cut} rebuilt values are beyond 16 bits, and stand as ${input.mostValue}`,
    );
  }
  const { rows } = reader;
  return { rows, rowsUnchanged: input.rows - rows, bytes };
}

/** Rows rebuilt from codes, handed out in the order of both. */
class RebuiltRows {
  /** Values that the file has no number for: its largest one stands in their place. */
  cut = 0;
  readonly #model: DictionaryModel;
  readonly #nested: boolean;
  readonly #most: number;
  readonly #options: DecodeLikeOptions;
  readonly #total: number;
  readonly #batches: AsyncGenerator<StoredCodes>;
  #batch: StoredCodes | undefined;
  #data = new Float32Array(0);
  #at = 0;
  #taken = 0;

  constructor(
    model: DictionaryModel,
    reader: CodesReader,
    { nested, mostValue }: Pick<RewritableFile, "nested" | "mostValue">,
    options: DecodeLikeOptions,
  ) {
    this.#model = model;
    this.#nested = nested;
    this.#most = mostValue;
    this.#options = options;
    this.#total = reader.rows;
    this.#batches = reader.batches(options.signal);
  }

  async take(
    rows: readonly number[],
    items: readonly number[] | undefined,
  ): Promise<(Float32Array | undefined)[]> {
    this.#options.signal?.throwIfAborted();
    const vectors: (Float32Array | undefined)[] = [];
    for (let i = 0; i < rows.length; i++) {
      const next = this.#next() ?? await this.#more();
      const order = next === undefined
        ? 1
        : next.row - rows[i] || next.item - (items?.[i] ?? 0);
      if (order < 0) throw this.#notTheirs(next!);
      vectors.push(order === 0 ? this.#vector() : undefined);
    }
    this.#options.onProgress?.({ rows: this.#taken, total: this.#total });
    return vectors;
  }

  /** Refuses codes of rows that did not come. */
  async finish(): Promise<void> {
    const left = this.#next() ?? await this.#more();
    if (left !== undefined) throw this.#notTheirs(left);
  }

  #next(): { row: number; item: number } | undefined {
    const batch = this.#batch;
    if (batch === undefined || this.#at >= batch.codes.rows) return undefined;
    return {
      row: Number(batch.rowNumbers[this.#at]),
      item: batch.items?.[this.#at] ?? 0,
    };
  }

  async #more(): Promise<{ row: number; item: number } | undefined> {
    const { value, done } = await this.#batches.next();
    if (done) return undefined;
    if ((value.items !== undefined) !== this.#nested) {
      throw this.#refuse(
        this.#nested
          ? "The input's rows are nested, the codes' are not"
          : "The codes' rows are nested, the input's are not",
      );
    }
    this.#batch = value;
    this.#at = 0;
    const { signal } = this.#options;
    this.#data = await reconstructAll(this.#model, value.codes, signal);
    return this.#next() ?? await this.#more();
  }

  #vector(): Float32Array {
    const { width } = this.#model;
    const at = this.#at++;
    this.#taken++;
    const vector = this.#data.subarray(at * width, (at + 1) * width);
    for (let d = 0; d < width; d++) {
      if (Math.abs(vector[d]) <= this.#most) continue;
      vector[d] = Math.sign(vector[d]) * this.#most;
      this.cut++;
    }
    return vector;
  }

  #notTheirs({ row, item }: { row: number; item: number }): DbksvdError {
    const place = this.#nested ? `row ${row}, item ${item}` : `row ${row}`;
    return this.#refuse(
      `The codes of ${place} are not of the input's rows, or not in their order`,
    );
  }

  #refuse(what: string): DbksvdError {
    return new DbksvdError("data", what, {
      where: { file: this.#options.codes },
      mend: "name the one file that was encoded",
    });
  }
}
