import { bytesOf } from "../../bytes.ts";
import type { OutputFile, Scratch } from "../../files/output_file.ts";
import type { TakeVectors } from "./new_vectors.ts";

/** Vectors are turned into dimensions so many bytes at a time. */
const SLICE_BYTES = 2 ** 24;

/** Vectors of a row group up to this size are held in memory; more of them are put aside on the output's disk. */
const HELD_BYTES = 2 ** 26;

/** Rows of a slice, counted over the row group, and where its dimensions are: one after the other, a value a row. */
interface Slice {
  start: number;
  rows: number;
  /** Byte of the file, where it is not held. */
  offset: number;
  held?: Float32Array<ArrayBuffer>;
}

/**
 * The new vectors of a row group, dimension by dimension: where each has a column of its own, these lie one after the
 * other in the file, while vectors come row by row.
 */
export class VectorsByDimension {
  readonly #slices: Slice[] = [];
  /** 1 where a row has a new vector. */
  readonly #there: Uint8Array;
  #scratch: Scratch | undefined;

  private constructor(
    readonly firstRow: number,
    readonly rows: number,
    readonly width: number,
  ) {
    this.#there = new Uint8Array(rows);
  }

  /**
   * Takes the vectors of a row group.
   *
   * @param take gives them
   * @param shape which rows, counted over the file, and how wide they are
   * @param file the output, on whose disk they may be put aside
   * @param limits in bytes, for tests
   */
  static async of(
    take: TakeVectors,
    shape: { firstRow: number; rows: number; width: number },
    file: Pick<OutputFile, "scratch">,
    limits = { slice: SLICE_BYTES, held: HELD_BYTES },
  ): Promise<VectorsByDimension> {
    const { firstRow, rows, width } = shape;
    const vectors = new VectorsByDimension(firstRow, rows, width);
    try {
      if (4 * rows * width > limits.held) {
        vectors.#scratch = await file.scratch();
      }
      const step = Math.max(1, Math.floor(limits.slice / 4 / width));
      for (let start = 0; start < rows; start += step) {
        await vectors.#add(take, start, Math.min(step, rows - start));
      }
      return vectors;
    } catch (error) {
      vectors.close();
      throw error;
    }
  }

  /** What gives single dimensions, as vectors of one value. */
  taker(dimension: number): TakeVectors {
    return (wanted) => {
      if (wanted.length === 0) return Promise.resolve([]);
      const first = wanted[0] - this.firstRow;
      const end = wanted[wanted.length - 1] - this.firstRow + 1;
      const values = this.#values(dimension, first, end);
      return Promise.resolve(wanted.map((row) => {
        const at = row - this.firstRow;
        return this.#there[at] === 1
          ? values.subarray(at - first, at - first + 1)
          : undefined;
      }));
    };
  }

  /** Gives up what was put aside. */
  close(): void {
    this.#scratch?.close();
    this.#scratch = undefined;
  }

  async #add(take: TakeVectors, start: number, rows: number): Promise<void> {
    const { firstRow, width } = this;
    const numbers = Array.from(
      { length: rows },
      (_, i) => firstRow + start + i,
    );
    const vectors = await take(numbers, undefined);
    const turned = new Float32Array(rows * width);
    vectors.forEach((vector, i) => {
      if (vector === undefined) return;
      this.#there[start + i] = 1;
      for (let d = 0; d < width; d++) turned[d * rows + i] = vector[d];
    });
    const offset = 4 * start * width;
    if (this.#scratch === undefined) {
      this.#slices.push({ start, rows, offset, held: turned });
    } else {
      this.#scratch.write(bytesOf(turned));
      this.#slices.push({ start, rows, offset });
    }
  }

  // One dimension's values of rows first to end − 1 of the row group.
  #values(dimension: number, first: number, end: number) {
    const values = new Float32Array(end - first);
    for (const slice of this.#slices) {
      const from = Math.max(first, slice.start);
      const to = Math.min(end, slice.start + slice.rows);
      if (from >= to) continue;
      const out = values.subarray(from - first, to - first);
      const at = dimension * slice.rows + from - slice.start;
      if (slice.held !== undefined) {
        out.set(slice.held.subarray(at, at + to - from));
      } else this.#scratch!.read(slice.offset + 4 * at, bytesOf(out));
    }
    return values;
  }
}
