import { multiplyFast } from "../engine/multiply.ts";
import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { pauseIfDue } from "../pause.ts";
import { invertPositive } from "./invert.ts";
import type { Parameters } from "./contract.ts";

/** Of the regression of codes on rows, in units of the rows' mean variance. */
const RIDGE = 1e-2;

/** A regression shrinks codes: latents are scaled up again, by so much at most. */
const MOST_SCALE = 4;

/** An autoencoder that begins as a dictionary, and how. */
export interface Start extends Parameters {
  /** 1 for latents that decode with their atom, −1 for those that decode with its negative. */
  signs: Int8Array;
}

/** Codes of some rows, as engines give them. */
type SparseCodes = Omit<Codes, "residual">;

/** Rows and their codes by a dictionary's own pursuit, both in normalised units. */
export interface CodedSample {
  width: number;
  /** rows × width. */
  rows: Float32Array;
  codes: SparseCodes;
}

/**
 * Where an autoencoder begins that continues a dictionary: atoms are turned so that most of their codes' energy is
 * positive; the encoder is the ridge regression of these positive codes on the rows, each latent scaled so that rows
 * that use it get their mean code.
 *
 * @param dictionary atoms × width, unit rows
 * @param sample rows and their codes
 * @param signal ends the call
 */
export async function startFromAtoms(
  dictionary: Float32Array,
  sample: CodedSample,
  signal?: AbortSignal,
): Promise<Start> {
  const { width } = sample, atoms = dictionary.length / width;
  const signs = orientation(sample.codes, atoms);
  const decoder = dictionary.map((value, i) =>
    signs[Math.floor(i / width)] * value
  );
  const { encoder, bias } = await regress(sample, signs, signal);
  await scaleToCodes(sample, signs, { encoder, bias }, signal);
  return { encoder, bias, decoder, signs };
}

function forEachCode(
  { rows, sparsity, indices, values }: SparseCodes,
  visit: (row: number, atom: number, value: number) => void,
): void {
  for (let row = 0; row < rows; row++) {
    for (let e = row * sparsity; e < (row + 1) * sparsity; e++) {
      if (indices[e] !== EMPTY_SLOT) visit(row, indices[e], values[e]);
    }
  }
}

function orientation(codes: SparseCodes, atoms: number): Int8Array {
  const balance = new Float64Array(atoms);
  forEachCode(codes, (_, atom, value) => {
    balance[atom] += value * Math.abs(value);
  });
  return Int8Array.from(balance, (value) => value < 0 ? -1 : 1);
}

// E = C(z, y)·(C(y, y) + ridge)⁻¹ with C the covariances; the bias is its intercept.
async function regress(
  { width, rows, codes }: CodedSample,
  signs: Int8Array,
  signal?: AbortSignal,
): Promise<{ encoder: Float32Array; bias: Float32Array }> {
  const atoms = signs.length, count = rows.length / width;
  const meanRow = new Float64Array(width), meanCode = new Float64Array(atoms);
  rows.forEach((value, i) => meanRow[i % width] += value / count);
  const cross = new Float32Array(atoms * width);
  for (let row = 0; row < count; row++) {
    await pauseIfDue(signal);
    const from = row * width;
    forEachCode(rowOf(codes, row), (_, atom, value) => {
      const code = signs[atom] * value;
      if (!(code > 0)) return;
      meanCode[atom] += code / count;
      for (let d = 0; d < width; d++) {
        cross[atom * width + d] += code * rows[from + d];
      }
    });
  }
  for (let i = 0; i < cross.length; i++) {
    cross[i] = cross[i] / count -
      meanCode[Math.floor(i / width)] * meanRow[i % width];
  }
  const variance = await covariance(rows, width, meanRow, signal);
  let trace = 0;
  for (let d = 0; d < width; d++) trace += variance[d * width + d];
  for (let d = 0; d < width; d++) {
    variance[d * width + d] += RIDGE * trace / width;
  }
  const inverse = Float32Array.from(
    await invertPositive(variance, width, signal),
  );
  const encoder = new Float32Array(atoms * width);
  multiplyFast(cross, atoms, inverse, width, width, encoder);
  const bias = Float32Array.from(meanCode, (code, atom) => {
    let sum = code;
    for (let d = 0; d < width; d++) {
      sum -= encoder[atom * width + d] * meanRow[d];
    }
    return sum;
  });
  return { encoder, bias };
}

function rowOf(codes: SparseCodes, row: number): SparseCodes {
  const { sparsity } = codes, from = row * sparsity;
  return {
    rows: 1,
    sparsity,
    indices: codes.indices.subarray(from, from + sparsity),
    values: codes.values.subarray(from, from + sparsity),
  };
}

/** Rows whose products are added up in float32 before they go into the float64 sums. */
const COVARIANCE_ROWS = 1024;

async function covariance(
  rows: Float32Array,
  width: number,
  mean: Float64Array,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const count = rows.length / width;
  const sums = new Float64Array(width * width);
  const products = new Float32Array(width * width);
  for (let first = 0; first < count; first += COVARIANCE_ROWS) {
    await pauseIfDue(signal);
    const some = Math.min(COVARIANCE_ROWS, count - first);
    const columns = new Float32Array(width * some);
    for (let i = 0; i < some; i++) {
      const from = (first + i) * width;
      for (let d = 0; d < width; d++) {
        columns[d * some + i] = rows[from + d] - mean[d];
      }
    }
    multiplyFast(columns, width, columns, width, some, products);
    for (let i = 0; i < sums.length; i++) sums[i] += products[i] / count;
  }
  return sums;
}

// Over the rows that use a latent, its pre-activations come to as much as its codes.
async function scaleToCodes(
  { width, rows, codes }: CodedSample,
  signs: Int8Array,
  { encoder, bias }: Pick<Parameters, "encoder" | "bias">,
  signal?: AbortSignal,
): Promise<void> {
  const asCoded = new Float64Array(signs.length);
  const asEncoded = new Float64Array(signs.length);
  for (let row = 0; row < codes.rows; row++) {
    await pauseIfDue(signal);
    const from = row * width;
    forEachCode(rowOf(codes, row), (_, atom, value) => {
      const code = signs[atom] * value;
      if (!(code > 0)) return;
      let sum = bias[atom];
      for (let d = 0; d < width; d++) {
        sum += encoder[atom * width + d] * rows[from + d];
      }
      asCoded[atom] += code;
      asEncoded[atom] += sum;
    });
  }
  for (let atom = 0; atom < signs.length; atom++) {
    const ratio = asEncoded[atom] > 0 ? asCoded[atom] / asEncoded[atom] : 1;
    const factor = Math.min(MOST_SCALE, Math.max(1, ratio));
    bias[atom] *= factor;
    for (let d = 0; d < width; d++) encoder[atom * width + d] *= factor;
  }
}
