import { DuckDBInstance } from "@duckdb/node-api";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { makeModel, makeRows } from "../model/models.ts";

/** Runs on the CPU engine, whatever the machine has. */
export const CPU = { createEngine: createReferenceEngine } as const;

/** A pursuit of three positive codes. */
export const NONNEGATIVE: DictionaryModel["coder"] = {
  method: "omp",
  sparsity: 3,
  nonnegative: true,
  tolerance: 0,
  refit: false,
};

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

/** A file of token vectors nested in texts. */
export async function writeTexts(
  path: string,
  texts: string[][],
  width: number,
): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const list = (items: unknown[]) => `[${items.join(", ")}]`;
  const values = texts.map((tokens, t) =>
    `(${list(tokens.map((token) => `'${token}'`))}, ${
      list(tokens.map((_, i) =>
        list(Array.from({ length: width }, (_, d) =>
          `${Math.sin(7 * t + 3 * i + d * d + 1)}::float`))
      ))
    })`
  );
  await connection.run(
    `copy (select * from (values ${values}) t(tokens, vectors)) to '${path}' (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
}
