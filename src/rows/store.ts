import { placed, type PlacedPart, withoutRows } from "./placed.ts";
import type { ByteSource } from "../files/bytes.ts";
import { RowBuffers } from "./buffers.ts";
import type { BlockStore, RowBlock, RowRange } from "./block_store.ts";
import type { Fault } from "../parquet/read/fault.ts";
import type { Preparation } from "./prepare.ts";
import type { DecodePool } from "./workers/pool.ts";
import { streamThroughWorkers } from "./workers/stream.ts";

/** Rows are decoded in pieces of about this much, so that waiting consumers and signals get their turn. */
const PIECE_BYTES = 32 * 2 ** 20;

/** Rows are shuffled in blocks of this much. */
const BLOCK_BYTES = 32 * 2 ** 20;
/** Workers pay where this thread would decode for longer. */
const PAYS_SECONDS = 0.5;
/** Files are looked at again, whether they are what they were, after so long. */
const LOOK_AGAIN_MS = 250;

/** Rows of all parts. */
export class PartStore implements BlockStore {
  readonly rowCount: number;
  readonly buffers: RowBuffers;
  /** What was streamed so far would have taken this thread, about. */
  #seconds = 0;

  constructor(
    readonly parts: readonly PlacedPart[],
    readonly width: number,
    rowCount: number,
    readonly preparation: Preparation,
    /** Workers that decode streams; none: this thread does. */
    readonly pool: DecodePool | undefined = undefined,
    /** Bytes that they may read ahead, and that buffers given back may keep. */
    readonly readAhead: number = 0,
    /** Whether workers begin with the first stream, and not where they pay. */
    readonly eager: boolean = true,
  ) {
    this.rowCount = rowCount;
    this.buffers = new RowBuffers(readAhead);
  }

  /** Whether reading can drop rows. */
  get mayDrop(): boolean {
    return this.preparation.mayDrop;
  }

  /** See {@linkcode BlockStore.asking}. */
  asking(takes: (row: number) => boolean): Disposable {
    return this.preparation.asking(takes);
  }

  /**
   * See {@linkcode BlockStore.blocks}. They are cut from all rows alike, so that the same rows come in the same order
   * whatever format they are in; but where much is decoded together, at its ends.
   */
  async blocks(): Promise<RowRange[]> {
    for (const { part, place } of this.parts) {
      if (part.unitBytes === undefined) continue;
      const unit = await placed(place, part, () => part.unitBytes!());
      if (unit > BLOCK_BYTES) return await this.#ownBlocks();
    }
    const size = Math.max(1, Math.floor(BLOCK_BYTES / 4 / this.width));
    const count = Math.ceil(this.rowCount / size);
    return Array.from({ length: count }, (_, i) => ({
      start: i * size,
      end: Math.min(this.rowCount, (i + 1) * size),
    }));
  }

  async #ownBlocks(): Promise<RowRange[]> {
    const all: RowRange[] = [];
    for (const { part, firstRow, place } of this.parts) {
      const blocks = await placed(place, part, () => part.blocks());
      for (const { start, end } of blocks) {
        const stop = Math.min(firstRow + end, this.rowCount);
        if (firstRow + start < stop) {
          all.push({ start: firstRow + start, end: stop });
        }
      }
    }
    return all;
  }

  /** See {@linkcode BlockStore.stream}. A file that changes meanwhile ends it, in the end at the latest. */
  async *stream(
    ranges: Iterable<RowRange>,
    signal?: AbortSignal,
  ): AsyncGenerator<RowBlock> {
    const wanted = [...ranges];
    const read = new Set<ByteSource>();
    let next = 0;
    for await (const block of this.#blocksOf(wanted, signal)) {
      for (
        const { at: { part: { source } } } of this.overlaps(wanted[next++])
      ) {
        source?.requireUnchanged?.(LOOK_AGAIN_MS);
        if (source !== undefined) read.add(source);
      }
      yield block;
    }
    for (const source of read) source.requireUnchanged?.();
  }

  async *#blocksOf(
    ranges: readonly RowRange[],
    signal?: AbortSignal,
  ): AsyncGenerator<RowBlock> {
    if (this.pool !== undefined && this.#workersPay(ranges)) {
      const { pool, readAhead } = this;
      yield* streamThroughWorkers(this, pool, ranges, readAhead, signal);
      return;
    }
    for (const range of ranges) {
      const floats = (range.end - range.start) * this.width;
      yield await this.read(range, signal, this.buffers.take(floats));
    }
  }

  // Workers take a moment to begin: what this thread has decoded by then, or decodes once and again, is better done
  // here.
  #workersPay(ranges: readonly RowRange[]): boolean {
    if (!this.parts.some(({ part }) => part.job !== undefined)) return false;
    if (this.eager || this.#seconds > PAYS_SECONDS) return true;
    const rowBytes = 4 * this.width;
    for (const range of ranges) {
      for (const { at: { part }, start, end } of this.overlaps(range)) {
        this.#seconds += (end - start) * rowBytes /
          (part.bytesPerSecond ?? Infinity);
      }
      if (this.#seconds > PAYS_SECONDS) return true;
    }
    return false;
  }

  /** Reads the rows of one range, into `data` where it is given. */
  async read(
    range: RowRange,
    signal?: AbortSignal,
    data: Float32Array<ArrayBuffer> = new Float32Array(
      (range.end - range.start) * this.width,
    ),
  ): Promise<RowBlock> {
    const { width } = this;
    const dropped: number[] = [];
    const rows = Math.max(1, Math.floor(PIECE_BYTES / 4 / width));
    for (const { at, start, end } of this.overlaps(range)) {
      for (let row = start; row < end; row += rows) {
        signal?.throwIfAborted();
        const piece = { start: row, end: Math.min(end, row + rows) };
        const first = at.firstRow + row - range.start;
        const out = data.subarray(
          first * width,
          (first + piece.end - row) * width,
        );
        const faults = await placed(
          at.place,
          at.part,
          () => at.part.read(piece, out),
        );
        for (const lost of await this.judge(at, piece, out, faults)) {
          dropped.push(lost);
        }
      }
    }
    return withoutRows(range, data, width, dropped);
  }

  /** The parts that a range of rows lies in, with the rows counted within them. */
  *overlaps(
    { start, end }: RowRange,
  ): Generator<{ at: PlacedPart; start: number; end: number }> {
    for (let i = this.#partAt(start); i < this.parts.length; i++) {
      const at = this.parts[i];
      if (at.firstRow >= end) return;
      const from = Math.max(0, start - at.firstRow);
      const to = Math.min(at.part.rows, end - at.firstRow);
      if (from < to) yield { at, start: from, end: to };
    }
  }

  /** Prepares rows just read; refuses bad ones or, where asked to, drops and counts them. Returns the rows dropped. */
  async judge(
    at: PlacedPart,
    piece: RowRange,
    data: Float32Array,
    faults: readonly Fault[],
  ): Promise<number[]> {
    const lost = await this.preparation.apply(at, piece, data, faults);
    return lost.map((row) => at.firstRow + row);
  }

  #partAt(row: number): number {
    let low = 0;
    let high = this.parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.parts[middle].firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
