import { createCpuEngine } from "../../src/engine/cpu.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { makeModel, makeRows } from "../model/models.ts";

/** Runs on the CPU engine, whatever the machine has. */
export const CPU = { createEngine: createCpuEngine } as const;

/** A directory of one's own for the length of a test. */
export async function inDirectory(
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "dbksvd-test-" });
  try {
    await use(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** A small model and rows that it codes well. */
export function smallProblem(
  rows: number,
  parts: Partial<DictionaryModel> = {},
): {
  model: DictionaryModel;
  data: Float32Array<ArrayBuffer>;
  source: RowSource;
} {
  const model = makeModel({ width: 12, atoms: 24, ...parts });
  const data = makeRows(model, rows);
  return { model, data, source: rowsFromArray(data, model.width) };
}

/** The sample, with words beside the vectors. */
export const SAMPLE =
  new URL("../../samples/glove-10k.parquet", import.meta.url)
    .pathname;
