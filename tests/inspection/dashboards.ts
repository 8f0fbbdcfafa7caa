import assert from "node:assert/strict";
import { join } from "node:path";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { exportNeuronpedia } from "../../src/inspection/neuronpedia/export.ts";
import type { NeuronpediaOptions } from "../../src/inspection/neuronpedia/export.ts";
import type { DashboardFeature } from "../../src/inspection/neuronpedia/features.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { encodeRows } from "../../src/use/encode.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { makeModel, makeRows } from "../model/models.ts";
import { CPU } from "../use/helpers.ts";

/** Dimensions and atoms of the model, its rows, and how many of them are a text. */
export const WIDTH = 12, ATOMS = 150, ROWS = 900, LENGTH = 30;
/** What dashboards are of. */
export const model = makeModel({ width: WIDTH, atoms: ATOMS });
/** The rows that use its atoms. */
export const rows = rowsFromArray(makeRows(model, ROWS), WIDTH);
/** Of a column of texts. */
export const SCHEMA = [{ type: "BYTE_ARRAY", converted_type: "UTF8" }];

/** Rows as tokens of texts, named by text and place. */
export function asTokens(source: RowSource): RowSource {
  const textOf = (row: number) => Math.floor(row / LENGTH);
  const list = (text: number) =>
    Array.from({ length: LENGTH }, (_, i) => ` ${text}.${i}`);
  const all = ({ start, end }: { start: number; end: number }) =>
    Array.from({ length: end - start }, (_, i) => start + i);
  return {
    ...source,
    otherColumns: () => Promise.resolve([{ name: "tokens", schema: SCHEMA }]),
    readColumns: ([name], range) => {
      const values = all(range).map((row) => list(textOf(row)));
      return Promise.resolve([{ name, schema: SCHEMA, values }]);
    },
    readItems: (range) =>
      Promise.resolve({
        rows: Float64Array.from(all(range), textOf),
        items: Int32Array.from(all(range), (row) => row % LENGTH),
      }),
  };
}

/** A file of dashboards. */
export interface Batch {
  model_id: string;
  layer: number;
  sae_set: string;
  sae_id_suffix: string | null;
  features: DashboardFeature[];
}

/** What an export writes: its files of dashboards, and which features it leaves out. */
export async function exported(
  source: RowSource,
  options: Partial<NeuronpediaOptions> = {},
  of: DictionaryModel = model,
) {
  return await inDirectory(async (folder) => {
    const out = join(folder, "dashboards");
    const result = await exportNeuronpedia(of, source, {
      ...CPU,
      ...{ out, modelName: "gpt2-small", layer: 6, text: "tokens", by: "code" },
      ...options,
    });
    const read = async (name: string) =>
      JSON.parse(await Deno.readTextFile(join(out, name)));
    const names = await namesIn(out);
    const batches: Batch[] = [];
    for (let i = 0; names.includes(`batch-${i}.json`); i++) {
      batches.push(await read(`batch-${i}.json`));
    }
    assert.deepEqual(names, [...result.files].sort());
    return { result, batches, skipped: await read("skipped_indexes.json") };
  });
}

/** rows × atoms codes. */
export async function allCodes(of: DictionaryModel): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for await (const { codes } of encodeRows(of, rows, CPU)) {
    for (let row = 0; row < codes.rows; row++) {
      const dense = new Float32Array(of.atoms);
      for (let s = 0; s < codes.sparsity; s++) {
        const slot = row * codes.sparsity + s;
        if (codes.indices[slot] === EMPTY_SLOT) continue;
        dense[codes.indices[slot]] = codes.values[slot];
      }
      all.push(dense);
    }
  }
  return all;
}

/** Whether numbers agree to the decimals that are written. */
export const near = (a: number, b: number) => Math.abs(a - b) <= 6e-6;
