import { rowNorm } from "./prepare.ts";
import type { PartStore } from "./store.ts";

const SAMPLE_ROWS = 32768;
const RUN_ROWS = 512;

/** A quantile of the rows' lengths, from runs of rows spread evenly over the store. */
export async function normQuantile(
  store: PartStore,
  quantile: number,
): Promise<number> {
  const runs = Math.ceil(Math.min(SAMPLE_ROWS, store.rowCount) / RUN_ROWS);
  const norms: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = Math.floor(i * store.rowCount / runs);
    const most = Math.floor((i + 1) * store.rowCount / runs);
    const end = Math.min(most, start + RUN_ROWS);
    const { data, rows } = await store.read({ start, end });
    for (let r = 0; r < rows; r++) {
      norms.push(rowNorm(data, r * store.width, store.width));
    }
  }
  norms.sort((a, b) => a - b);
  const at = Math.ceil(quantile * norms.length) - 1;
  return norms[Math.max(0, at)] ?? Infinity;
}
