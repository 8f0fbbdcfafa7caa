import { partRuns } from "../../gpu/matrix.ts";
import { readBack } from "../../gpu/readback.ts";
import type { GpuContext } from "./context.ts";
import { padRows, unpadRows } from "./padding.ts";

/** Puts a dictionary (atoms × width) on the device. */
export function uploadDictionary(
  { runner, spec, buffers: { dictionary: matrix } }: GpuContext,
  dictionary: Float32Array,
): void {
  const { atoms, width } = spec;
  matrix.buffers.forEach((buffer, part) => {
    const first = part * matrix.rowsPerPart;
    const rows = Math.min(matrix.rowsPerPart, atoms - first);
    const slice = dictionary.subarray(first * width, (first + rows) * width);
    runner.upload(buffer, padRows(slice, rows, width, matrix.stride));
    runner.submit();
  });
}

/** Puts unit vectors in the place of atoms of the dictionary, the first in that of the first, as many as there are. */
export function uploadAtoms(
  { runner, spec: { width }, buffers: { dictionary } }: GpuContext,
  atoms: Uint32Array,
  vectors: Float32Array,
): void {
  const { stride } = dictionary;
  for (let i = 0; i < vectors.length / width; i++) {
    const [{ part, offset }] = partRuns(dictionary, atoms[i], 1);
    const vector = vectors.subarray(i * width, (i + 1) * width);
    const row = padRows(vector, 1, width, stride);
    runner.upload(dictionary.buffers[part], row, 16 * stride * offset);
  }
}

/** Reads the dictionary back, atoms × width. */
export async function downloadDictionary(
  { gpu, runner, spec, buffers: { dictionary: matrix } }: GpuContext,
): Promise<Float32Array> {
  const { atoms, width } = spec;
  const out = new Float32Array(atoms * width);
  const parts = await readBack(
    gpu,
    runner,
    matrix.buffers.map((buffer, part) => ({
      buffer,
      offset: 0,
      bytes: 16 * matrix.stride *
        Math.min(matrix.rowsPerPart, atoms - part * matrix.rowsPerPart),
    })),
  );
  parts.forEach((bytes, part) =>
    unpadRows(
      new Float32Array(bytes),
      matrix.stride,
      width,
      out.subarray(part * matrix.rowsPerPart * width),
    )
  );
  return out;
}
