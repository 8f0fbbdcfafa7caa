/** Codes and rows for the kernels that train autoencoders. */
import assert from "node:assert/strict";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { type Matrix, matrixShape } from "../../src/gpu/matrix.ts";
import { permutation, randomStream } from "../../src/random.ts";
import type { Bench } from "./harness.ts";

const random = randomStream(8, "autoencoder kernels");

/** Normal numbers. */
export const draw = (count: number) =>
  new Float32Array(count).map(() => random.normal());

/** ‖Δ‖/‖ref‖ below 1e-4. */
export function assertAgree(
  found: ArrayLike<number>,
  exact: ArrayLike<number>,
  what: string,
) {
  let off = 0, all = 0;
  for (let i = 0; i < exact.length; i++) {
    off += (found[i] - exact[i]) ** 2;
    all += exact[i] ** 2;
  }
  assert.ok(Math.sqrt(off) <= 1e-4 * Math.sqrt(all), `${what}: ${off} ${all}`);
}

/** Codes with holes among their slots, a row's latents differing; the last latent and every seventh have no use. */
export function drawCodes(rows: number, latents: number, slots: number) {
  const indices = new Uint32Array(rows * slots).fill(EMPTY_SLOT);
  const values = new Float32Array(rows * slots);
  for (let row = 0; row < rows; row++) {
    const chosen = permutation(latents, random);
    for (let s = 0; s < Math.min(slots, latents); s++) {
      const latent = chosen[s];
      if (latent === latents - 1 || latent % 7 === 6) continue;
      indices[row * slots + s] = latent;
      values[row * slots + s] = Math.abs(random.normal());
    }
  }
  return { indices, values };
}

/** Rows of some width as the device keeps them, split where the limit says so. */
export function place(
  bench: Bench,
  data: Float32Array,
  width: number,
  split: boolean,
) {
  const n4 = Math.ceil(width / 4), rows = data.length / width;
  const limit = split ? 16 * n4 * Math.ceil(rows / 2) : 2 ** 27;
  const padded = new Float32Array(4 * n4 * rows);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * width, (row + 1) * width);
    padded.set(values, 4 * n4 * row);
  }
  return bench.matrix(matrixShape(rows, n4, "vec4<f32>", limit), padded);
}

/** The rows of a matrix, `width` values each. */
export async function take(bench: Bench, matrix: Matrix, width: number) {
  const { rows, rowsPerPart, buffers } = matrix, row = 4 * matrix.stride;
  const out = new Float32Array(rows * width);
  for (const [part, buffer] of buffers.entries()) {
    const first = part * rowsPerPart;
    const count = Math.min(rowsPerPart, rows - first);
    const all = await bench.floats(buffer, count * row);
    for (let i = 0; i < count; i++) {
      const values = all.subarray(i * row, i * row + width);
      out.set(values, (first + i) * width);
    }
  }
  return out;
}
