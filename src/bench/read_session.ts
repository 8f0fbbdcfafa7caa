import type { Matrix } from "../gpu/matrix.ts";
import { type ByteRange, readBack } from "../gpu/readback.ts";
import type { StageSession } from "./session.ts";

/** Codes as they lie on the device. */
export async function readCodes(session: StageSession) {
  const { context: { buffers, spec }, rows } = session;
  const bytes = 4 * rows * spec.coder.sparsity;
  const [indices, values] = await readRanges(session, [
    { buffer: buffers.indices, offset: 0, bytes },
    { buffer: buffers.values, offset: 0, bytes },
  ]);
  return {
    indices: new Uint32Array(indices),
    values: new Float32Array(values),
  };
}

/** Rows of a matrix of floats, with their padding. */
export async function readMatrixRows(
  session: StageSession,
  matrix: Matrix,
  rows: number[],
): Promise<Float32Array[]> {
  const bytes = 16 * matrix.stride;
  const parts = await readRanges(
    session,
    rows.map((row) => {
      const part = Math.floor(row / matrix.rowsPerPart);
      const offset = (row - part * matrix.rowsPerPart) * bytes;
      return { buffer: matrix.buffers[part], offset, bytes };
    }),
  );
  return parts.map((part) => new Float32Array(part));
}

/** Runs of bytes of buffers; none where none are asked for. */
export async function readRanges(
  { context }: StageSession,
  ranges: ByteRange[],
): Promise<ArrayBuffer[]> {
  return ranges.length === 0
    ? []
    : await readBack(context.gpu, context.runner, ranges);
}
