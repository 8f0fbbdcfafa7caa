import { releasable, type RowBuffers } from "./buffers.ts";
import type { RowBatch } from "./source.ts";

/** Copies rows one by one into batches of the sizes asked for. */
export class BatchFiller {
  #data = new Float32Array(0);
  #rowNumbers = new Float64Array(0);
  #rows = 0;
  #batches = 0;

  constructor(
    readonly width: number,
    readonly sizes: readonly number[],
    private left: number,
    readonly buffers: RowBuffers,
  ) {}

  /** Takes row `index` of `from`; gives a batch where that fills one. */
  add(from: Float32Array, index: number, row: number): RowBatch | undefined {
    const { width } = this;
    if (this.#rows === 0) this.#begin();
    this.#data.set(
      from.subarray(index * width, (index + 1) * width),
      this.#rows * width,
    );
    this.#rowNumbers[this.#rows++] = row;
    return this.#rows === this.#rowNumbers.length ? this.finish() : undefined;
  }

  /** What has been taken since the last batch, if anything. */
  finish(): RowBatch | undefined {
    const rows = this.#rows;
    if (rows === 0) return undefined;
    const full = rows === this.#rowNumbers.length;
    const rowNumbers = full
      ? this.#rowNumbers
      : this.#rowNumbers.slice(0, rows);
    const data = this.#data.subarray(0, rows * this.width);
    this.#rows = 0;
    this.left -= rows;
    const batch = { data, rows, firstRow: rowNumbers[0], rowNumbers };
    return releasable(batch, this.buffers);
  }

  // A batch size may be far beyond the rows there are: no more is allocated than can still come.
  #begin() {
    const size = this.sizes[Math.min(this.#batches++, this.sizes.length - 1)];
    const rows = Math.max(1, Math.min(size, this.left));
    this.#data = this.buffers.take(rows * this.width);
    this.#rowNumbers = new Float64Array(rows);
  }
}
