import assert from "node:assert/strict";
import type { DbksvdError } from "../../src/errors.ts";
import { openRows } from "../../src/rows/open.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import type { BatchOptions, RowSource } from "../../src/rows/source.ts";

/** Runs a test with a source, and closes it. */
export async function withRows<T>(
  inputs: string | string[],
  options: OpenRowsOptions,
  test: (source: RowSource) => Promise<T>,
): Promise<T> {
  const source = await openRows(inputs, options);
  try {
    return await test(source);
  } finally {
    await source.close();
  }
}

/** All rows that a source delivers: numbers, and values row by row. */
export async function delivered(
  source: RowSource,
  size: number | readonly number[] = 64,
  options?: BatchOptions,
): Promise<{ rows: number[]; values: number[][] }> {
  const rows: number[] = [];
  const values: number[][] = [];
  for await (const batch of source.batches(size, options)) {
    for (let i = 0; i < batch.rows; i++) {
      rows.push(batch.rowNumbers?.[i] ?? batch.firstRow + i);
      const at = i * source.width;
      values.push([...batch.data.subarray(at, at + source.width)]);
    }
  }
  return { rows, values };
}

/** Opens inputs and delivers all of their rows. */
export function rowsOf(
  inputs: string | string[],
  options: OpenRowsOptions = {},
): Promise<{ rows: number[]; values: number[][] }> {
  return withRows(inputs, options, (source) => delivered(source));
}

/** Asserts that a file is refused as bad data, with its path. */
export async function assertRefused(
  file: string,
  message: RegExp,
  options: OpenRowsOptions = {},
) {
  await assert.rejects(openRows(file, options), (error: DbksvdError) => {
    assert.equal(error.kind, "data");
    assert.match(error.message, message);
    assert.equal(error.where?.file, file);
    return true;
  });
}

/** A .npy file's bytes. */
export function npy(
  type: string,
  shape: string,
  data: ArrayBufferView,
  order = "False",
): Uint8Array {
  const dictionary =
    `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  const header = dictionary.padEnd(118 - 1) + "\n";
  const bytes = new Uint8Array(128 + data.byteLength - 0);
  bytes.set([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    header.length,
    0,
  ]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    10 + header.length,
  );
  return bytes.subarray(0, 10 + header.length + data.byteLength);
}
