import type { SparseRows } from "./reference.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";

/** Rows made of known atoms: row i = Σ x·atom + noise. */
export interface Planted {
  width: number;
  atoms: number;
  sparsity: number;
  rows: number;
  dictionary: Float32Array;
  data: Float32Array<ArrayBuffer>;
  codes: SparseRows;
}

/**
 * Plants rows with codes 1 + U(0, 1), as KSVD.jl's tests do.
 *
 * @param noise length of a row's noise as a share of the mean row length
 */
export function plant(
  sizes: { width: number; atoms: number; sparsity: number; rows: number },
  noise: number,
  label: string,
): Planted {
  const { width, atoms, sparsity, rows } = sizes;
  const random = randomStream(1, label);
  const dictionary = unitRows(atoms, width, random.normal);
  const data = new Float32Array(rows * width);
  const codes: SparseRows = [];
  let lengths = 0;
  for (let i = 0; i < rows; i++) {
    const support = new Set<number>();
    while (support.size < sparsity) support.add(random.integer(atoms));
    const x = [...support].map(() => 1 + random.uniform());
    codes.push({ support: [...support], x });
    [...support].forEach((j, s) => {
      for (let p = 0; p < width; p++) {
        data[i * width + p] += x[s] * dictionary[j * width + p];
      }
    });
    lengths += Math.hypot(...data.subarray(i * width, (i + 1) * width));
  }
  const spread = noise * lengths / rows / Math.sqrt(width);
  if (spread > 0) {
    for (let e = 0; e < data.length; e++) data[e] += spread * random.normal();
  }
  return { ...sizes, dictionary, data, codes };
}

/** Values uniform in [0, 1), or normal. */
export function randomValues(
  count: number,
  label: string,
  kind: "uniform" | "normal" = "normal",
): Float32Array<ArrayBuffer> {
  const random = randomStream(2, label);
  return new Float32Array(count).map(() => random[kind]());
}
