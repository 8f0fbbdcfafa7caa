import type { GpuDevice } from "../../gpu/device.ts";
import { type Matrix, partRuns } from "../../gpu/matrix.ts";
import { readBack } from "../../gpu/readback.ts";
import type { Runner } from "../../gpu/runner.ts";
import type { GpuContext } from "./context.ts";
import { padRows, unpadRows } from "./padding.ts";

/** Puts a dictionary (atoms × width) on the device. */
export function uploadDictionary(
  { runner, spec, buffers }: GpuContext,
  dictionary: Float32Array,
): void {
  uploadRows(runner, buffers.dictionary, dictionary, spec.width);
}

/** Puts as many rows of `width` values as are given at the start of a matrix. */
export function uploadRows(
  runner: Runner,
  matrix: Matrix,
  data: Float32Array,
  width: number,
): void {
  const { stride } = matrix;
  for (const { part, from, rows } of partRuns(matrix, 0, data.length / width)) {
    const slice = data.subarray(from * width, (from + rows) * width);
    runner.upload(matrix.buffers[part], padRows(slice, rows, width, stride));
    runner.submit();
  }
}

/** Puts unit vectors in the place of atoms of the dictionary, the first in that of the first, as many as there are. */
export function uploadAtoms(
  { runner, spec: { width }, buffers: { dictionary } }: GpuContext,
  atoms: Uint32Array,
  vectors: Float32Array,
): void {
  for (let i = 0; i < vectors.length / width; i++) {
    const vector = vectors.subarray(i * width, (i + 1) * width);
    uploadRow(runner, dictionary, atoms[i], vector);
  }
}

/** Puts one row in its place in a matrix, zeros behind it. */
export function uploadRow(
  runner: Runner,
  matrix: Matrix,
  row: number,
  values: Float32Array,
): void {
  const { stride } = matrix;
  const [{ part, offset }] = partRuns(matrix, row, 1);
  const padded = padRows(values, 1, values.length, stride);
  runner.upload(matrix.buffers[part], padded, 16 * stride * offset);
}

/** Reads the dictionary back, atoms × width. */
export function downloadDictionary(
  { gpu, runner, spec, buffers }: GpuContext,
): Promise<Float32Array> {
  return downloadRows(gpu, runner, buffers.dictionary, spec.width);
}

/** Reads a matrix's rows back, `width` values each: all of them, or the first `rows`. */
export async function downloadRows(
  gpu: GpuDevice,
  runner: Runner,
  matrix: Matrix,
  width: number,
  rows = matrix.rows,
): Promise<Float32Array> {
  const { stride, buffers } = matrix;
  const out = new Float32Array(rows * width);
  const runs = partRuns(matrix, 0, rows);
  const parts = await readBack(
    gpu,
    runner,
    runs.map(({ part, rows }) => ({
      buffer: buffers[part],
      offset: 0,
      bytes: 16 * stride * rows,
    })),
  );
  parts.forEach((bytes, i) => {
    const to = out.subarray(runs[i].from * width);
    unpadRows(new Float32Array(bytes), stride, width, to);
  });
  return out;
}
