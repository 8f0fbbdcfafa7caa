import { release } from "../files/release.ts";
import type { RowBatch } from "./source.ts";

/**
 * Memory of rows that were handed on, for rows to come. Fresh memory is what delivery would otherwise spend much of
 * its time on: every page of it has to be found, zeroed and mapped, and given back again.
 */
export class RowBuffers {
  readonly #free: ArrayBuffer[] = [];
  #bytes = 0;

  /** @param keptBytes what free buffers may take; the one given last is always kept */
  constructor(readonly keptBytes: number) {}

  /** Room for as many floats. What is in it is arbitrary. */
  take(floats: number): Float32Array<ArrayBuffer> {
    const size = floats * 4;
    // Most are of one size, that of a batch; a buffer much too large is left for others.
    const at = this.#free.findLastIndex(({ byteLength }) =>
      byteLength >= size && byteLength <= 1.25 * size
    );
    if (at < 0) return new Float32Array(floats);
    const [buffer] = this.#free.splice(at, 1);
    this.#bytes -= buffer.byteLength;
    return new Float32Array(buffer, 0, floats);
  }

  /**
   * Takes rows' memory back, which its owner does not look at any more. Rows whose buffer was transferred have none.
   */
  give({ buffer }: Float32Array<ArrayBuffer>): void {
    if (buffer.byteLength === 0) return;
    this.#bytes += buffer.byteLength;
    this.#free.push(buffer);
    while (this.#bytes > this.keptBytes && this.#free.length > 1) {
      const oldest = this.#free.shift()!;
      this.#bytes -= oldest.byteLength;
      release(oldest);
    }
  }
}

/** Lets a batch's consumer give its buffer back, once. */
export function releasable<T extends Pick<RowBatch, "data" | "release">>(
  batch: T,
  buffers: RowBuffers,
): T {
  let owned = true;
  batch.release = () => {
    if (owned) buffers.give(batch.data);
    owned = false;
  };
  return batch;
}
