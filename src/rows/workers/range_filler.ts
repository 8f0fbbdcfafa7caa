import type { RowBuffers } from "../buffers.ts";
import type { RowBlock, RowRange } from "../block_store.ts";
import { withoutRows } from "../placed.ts";

/** Decoded rows, counted over the store, all of one range. */
export interface Piece extends RowRange {
  /** The buffer that they lie in, from its float `at` on. */
  data: Float32Array<ArrayBuffer>;
  at: number;
  /** Whether the buffer is the range's own, and they lie at their place in it. */
  home: boolean;
  /** Whether nothing else of the buffer is still to come. */
  last: boolean;
  dropped: number[];
}

/**
 * Puts a range together from pieces that come in order. Those that were decoded into their place stay there; one that
 * comes before them, the end of a page that the range before begins, waits for the place to be there.
 */
export class RangeFiller {
  #at: number;
  #data: Float32Array<ArrayBuffer> | undefined;
  #waiting: Piece | undefined;
  readonly #dropped: number[] = [];

  constructor(
    readonly range: RowRange,
    readonly width: number,
    readonly buffers: RowBuffers,
  ) {
    this.#at = range.start;
  }

  /** Whether all rows are there. */
  get full(): boolean {
    return this.#at >= this.range.end;
  }

  /** Takes the next rows. */
  add(piece: Piece): void {
    if (piece.home) this.#moveTo(piece.data);
    else if (this.#at === this.range.start) this.#waiting = piece;
    else this.#copy(piece, this.#place());
    for (const row of piece.dropped) this.#dropped.push(row);
    this.#at = piece.end;
  }

  /** The rows, without those dropped. */
  take(): RowBlock {
    return withoutRows(this.range, this.#place(), this.width, this.#dropped);
  }

  // Where rows are that have come, in memory of the range's own.
  #place(): Float32Array<ArrayBuffer> {
    const { range: { start, end }, width } = this;
    this.#data ??= this.buffers.take((end - start) * width);
    if (this.#waiting !== undefined) this.#copy(this.#waiting, this.#data);
    this.#waiting = undefined;
    return this.#data;
  }

  // What was put elsewhere before the range's own buffer came.
  #moveTo(data: Float32Array<ArrayBuffer>) {
    const before = this.#data;
    this.#data = data;
    this.#place();
    if (before === undefined || before === data) return;
    data.set(before.subarray(0, (this.#at - this.range.start) * this.width));
    this.buffers.give(before);
  }

  #copy({ start, end, data, at, last }: Piece, to: Float32Array) {
    const { range, width } = this;
    const values = data.subarray(at, at + (end - start) * width);
    to.set(values, (start - range.start) * width);
    if (last) this.buffers.give(data);
  }
}
