import { DbksvdError } from "../errors.ts";
import type { BlockStore, RowBlock, RowRange } from "./block_store.ts";
import { deliver } from "./delivery.ts";
import { bytesOf } from "../bytes.ts";
import { fingerprintOfBytes } from "./fingerprint.ts";
import type { BatchOptions, RowBatch, RowSource } from "./source.ts";

/** Values that are looked through together. */
const STRETCH = 1 << 16;

/** Rows of a shuffled block. */
const BLOCK_ROWS = 4096;

/**
 * Rows that are already in memory, as a source: for small data, library users and tests.
 *
 * @param data rows × width values, row after row; not copied until delivered
 * @param width dimensions of a row
 * @returns the source
 * @throws {DbksvdError} `data` where the length is no multiple of the width, or a value is not finite
 *
 * @example
 * ```ts
 * import { rowsFromArray } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = rowsFromArray(new Float32Array([1, 2, 3, 4, 5, 6]), 2);
 * assert.equal(rows.rowCount, 3);
 * assert.deepEqual([...await rows.read({ start: 1, end: 3 })], [3, 4, 5, 6]);
 * ```
 */
export function rowsFromArray(data: Float32Array, width: number): RowSource {
  if (!Number.isInteger(width) || width < 1 || data.length % width !== 0) {
    throw new DbksvdError(
      "data",
      `${data.length} values do not make rows of ${width}`,
      { mend: "give rows × width values" },
    );
  }
  const bad = firstNotFinite(data);
  if (bad >= 0) {
    throw new DbksvdError("data", `A value is ${data[bad]}`, {
      where: { row: Math.floor(bad / width) },
      mend: "leave such rows out",
    });
  }
  const store = arrayStore(data, width);
  return {
    width,
    rowCount: store.rowCount,
    files: [{ path: "(memory)", rows: store.rowCount, bytes: data.byteLength }],
    dropped: {},
    batches: (
      rowsPerBatch: number | readonly number[],
      options?: BatchOptions,
    ): AsyncIterable<RowBatch> => deliver(store, rowsPerBatch, options),
    read: ({ start, end }: RowRange) =>
      Promise.resolve(
        new Float32Array(data.subarray(start * width, end * width)),
      ),
    fingerprints: async () => [await fingerprintOfBytes(bytesOf(data))],
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

// What is not finite makes every sum with it not finite, so that only stretches with such a sum are looked through.
function firstNotFinite(data: Float32Array): number {
  for (let start = 0; start < data.length; start += STRETCH) {
    // Places within a stretch are small numbers, which are faster than those of billions of values.
    const part = data.subarray(start, start + STRETCH);
    if (Number.isFinite(sumOf(part))) continue;
    const found = part.findIndex((value) => !Number.isFinite(value));
    if (found >= 0) return start + found;
  }
  return -1;
}

function sumOf(part: Float32Array): number {
  let a = 0, b = 0, c = 0, d = 0, at = 0;
  for (; at + 4 <= part.length; at += 4) {
    a += part[at];
    b += part[at + 1];
    c += part[at + 2];
    d += part[at + 3];
  }
  for (; at < part.length; at++) a += part[at];
  return a + b + c + d;
}

function arrayStore(data: Float32Array, width: number): BlockStore {
  const rowCount = data.length / width;
  const blocks = Array.from(
    { length: Math.ceil(rowCount / BLOCK_ROWS) },
    (_, i) => ({
      start: i * BLOCK_ROWS,
      end: Math.min(rowCount, (i + 1) * BLOCK_ROWS),
    }),
  );
  return {
    width,
    rowCount,
    mayDrop: false,
    blocks: () => Promise.resolve(blocks),
    async *stream(ranges, signal, borrow): AsyncGenerator<RowBlock> {
      for (const { start, end } of ranges) {
        signal?.throwIfAborted();
        await Promise.resolve();
        const rows = data.subarray(start * width, end * width);
        yield {
          start,
          rows: end - start,
          data: borrow
            ? rows as Float32Array<ArrayBuffer>
            : new Float32Array(rows),
        };
      }
    },
  };
}
