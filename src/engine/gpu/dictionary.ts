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
