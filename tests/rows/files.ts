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
