/** Four floats of a matrix: as they are, or as halves packed in two words. */
export type MatrixElement = "vec4<f32>" | "vec2<u32>";

/** How a matrix of rows lies in buffers: as many as its binding limit asks for, each with whole rows. */
export interface MatrixShape {
  rows: number;
  /** Elements (of four floats) from one row to the next. */
  stride: number;
  element: MatrixElement;
  /** Rows in every part but the last. */
  rowsPerPart: number;
  parts: number;
}

/** A matrix of rows on the device. */
export interface Matrix extends MatrixShape {
  buffers: GPUBuffer[];
}

/** Rows of a part are a multiple of this, so that no tile of a matrix product crosses parts where rows start at 0. */
const PART_ROWS = 128;

/** Bytes of one element. */
function elementBytes(element: MatrixElement): number {
  return element === "vec4<f32>" ? 16 : 8;
}

/** Bytes of a whole matrix. */
export function matrixBytes(shape: MatrixShape): number {
  return shape.rows * shape.stride * elementBytes(shape.element);
}

/**
 * Lays a matrix out in parts that each fit one binding.
 *
 * @param rows number of rows, at least 1
 * @param stride elements of a row
 * @param element what an element is
 * @param limit bytes of the largest binding
 */
export function matrixShape(
  rows: number,
  stride: number,
  element: MatrixElement,
  limit: number,
): MatrixShape {
  const fitting = Math.floor(limit / (stride * elementBytes(element)));
  if (fitting >= rows) {
    return { rows, stride, element, rowsPerPart: rows, parts: 1 };
  }
  const whole = fitting >= PART_ROWS
    ? fitting - fitting % PART_ROWS
    : Math.max(1, fitting);
  const parts = Math.ceil(rows / whole);
  return { rows, stride, element, rowsPerPart: whole, parts };
}

/** Bytes of part p. */
export function partBytes(shape: MatrixShape, part: number): number {
  const first = part * shape.rowsPerPart;
  const rows = Math.min(shape.rowsPerPart, shape.rows - first);
  return rows * shape.stride * elementBytes(shape.element);
}

/** A run of rows inside one part. */
export interface PartRun {
  part: number;
  /** First row inside the part. */
  offset: number;
  /** First row counted from the start asked for. */
  from: number;
  rows: number;
}

/** Cuts rows first ≤ row < first + count where parts end. */
export function partRuns(
  shape: MatrixShape,
  first: number,
  count: number,
): PartRun[] {
  const runs: PartRun[] = [];
  for (let from = 0; from < count;) {
    const row = first + from;
    const part = Math.floor(row / shape.rowsPerPart);
    const offset = row - part * shape.rowsPerPart;
    const rows = Math.min(count - from, shape.rowsPerPart - offset);
    runs.push({ part, offset, from, rows });
    from += rows;
  }
  return runs;
}
