import type { EngineSpec } from "../../src/engine/engine.ts";
import { randomStream } from "../../src/random.ts";
import { plainSpec } from "../engine/engines.ts";

/** A small problem with a planted dictionary: rows, first atoms and the spec of an engine for them. */
export interface PlantedProblem {
  data: Float32Array<ArrayBuffer>;
  rows: number;
  dictionary: Float32Array;
  spec: EngineSpec;
}

/** Sizes and options of a planted problem. */
export interface PlantedOptions
  extends Partial<Omit<EngineSpec, "coder" | "normalisation">> {
  rowCount?: number;
  sparsity?: number;
  coder?: Partial<EngineSpec["coder"]>;
}

/** Rows of k atoms of a dictionary twice as large as the one to start from, with noise; odd sizes by default. */
export function plantedProblem(
  {
    width = 37,
    atoms = 53,
    rowCount = 301,
    sparsity = 5,
    coder = {},
    ...rest
  }: PlantedOptions = {},
): PlantedProblem {
  const random = randomStream(1, "planted", width, atoms, rowCount);
  const truth = unitRows(2 * atoms, width, random.normal);
  const data = new Float32Array(rowCount * width);
  for (let i = 0; i < rowCount; i++) {
    for (let s = 0; s < sparsity; s++) {
      const j = random.integer(2 * atoms), x = random.normal() + 0.5;
      for (let p = 0; p < width; p++) {
        data[i * width + p] += x * truth[j * width + p];
      }
    }
    for (let p = 0; p < width; p++) {
      data[i * width + p] += 0.05 * random.normal() + 0.1;
    }
  }
  const spec = plainSpec({ width, atoms, rows: rowCount, sparsity }, {
    normalisation: { mean: new Float32Array(width).fill(0.1), scale: 0.7 },
    ...rest,
    coder,
  });
  const dictionary = unitRows(atoms, width, random.normal);
  return { data, rows: rowCount, dictionary, spec };
}

/** Rows of unit length. */
export function unitRows(
  rows: number,
  width: number,
  draw: () => number,
): Float32Array {
  const out = new Float32Array(rows * width).map(draw);
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * width, (i + 1) * width);
    const norm = Math.hypot(...row);
    row.forEach((value, p) => row[p] = value / norm);
  }
  return out;
}
