import type { ByteSource, SyncBytes } from "../../files/bytes.ts";
import type { RowRange } from "../block_store.ts";
import type { Part } from "../part.ts";
import { type Fault, whyNonFinite } from "../../parquet/read/fault.ts";
import { ELEMENT_BYTES, type ElementType } from "../../parquet/read/columns.ts";
import { firstNonFinite } from "../../files/finite.ts";
import { toFloats } from "../../parquet/read/values.ts";

/** Numbers that lie row after row in a file. */
export interface ArrayLayout {
  /** Where the first number is. */
  offset: number;
  element: ElementType;
  rows: number;
  width: number;
  /** Bytes of a number stand the other way round. */
  bigEndian?: boolean;
  /** Fortran order, with the axes that rows are run through by: the first axis varies fastest. */
  outerShape?: readonly number[];
}

const BLOCK_BYTES = 32 * 2 ** 20;
const READ_BYTES = 4 * 2 ** 20;

/** The rows of an array in a file. */
export class ArrayPart implements Part {
  readonly rows: number;

  constructor(readonly source: ByteSource, readonly layout: ArrayLayout) {
    this.rows = layout.rows;
  }

  /** See {@linkcode Part.blocks}. */
  blocks(): Promise<RowRange[]> {
    const { rows, width } = this.layout;
    const size = Math.max(1, Math.floor(BLOCK_BYTES / 4 / width));
    const blocks = [];
    for (let start = 0; start < rows; start += size) {
      blocks.push({ start, end: Math.min(rows, start + size) });
    }
    return Promise.resolve(blocks);
  }

  /** See {@linkcode Part.read}. */
  async read(range: RowRange, out: Float32Array): Promise<Fault[]> {
    if (this.layout.outerShape !== undefined) {
      await this.#readColumns(range, this.layout.outerShape, out);
      return notFiniteRows(
        out,
        this.layout.width,
        range.start,
        this.layout.element,
      );
    }
    const { offset, element, width } = this.layout;
    const rowBytes = width * ELEMENT_BYTES[element];
    const step = Math.max(1, Math.floor(READ_BYTES / rowBytes));
    const faults: Fault[] = [];
    for (let row = range.start; row < range.end; row += step) {
      const end = Math.min(range.end, row + step);
      const piece = out.subarray(
        (row - range.start) * width,
        (end - range.start) * width,
      );
      await this.#floats(offset + row * rowBytes, piece);
      faults.push(...notFiniteRows(piece, width, row, element));
    }
    return faults;
  }

  /** The byte of the file at which each row of a range begins. */
  byteOffsets({ start, end }: RowRange): Promise<Float64Array> {
    const { offset, element, width } = this.layout;
    const rowBytes = width * ELEMENT_BYTES[element];
    return Promise.resolve(Float64Array.from(
      { length: end - start },
      (_, i) => offset + (start + i) * rowBytes,
    ));
  }

  // Numbers from a byte of the file on, as many as `out` takes.
  async #floats(offset: number, out: Float32Array) {
    const { source, layout: { element, bigEndian } } = this;
    if (element === "f32" && !bigEndian && "readSync" in source) {
      const into = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
      (source as ByteSource & SyncBytes).readSync(offset, into);
      return;
    }
    const size = ELEMENT_BYTES[element];
    const bytes = await source.read(offset, out.length * size);
    if (bigEndian) turnBytes(bytes, size);
    toFloats(element, bytes, out);
  }

  // Every dimension of the rows lies together: what the rows span of it is read at a time.
  async #readColumns(
    { start, end }: RowRange,
    outerShape: readonly number[],
    out: Float32Array,
  ) {
    const { offset, element, width, rows } = this.layout;
    const size = ELEMENT_BYTES[element];
    const places = Float64Array.from(
      { length: end - start },
      (_, i) => columnPlace(start + i, outerShape),
    );
    let first = Infinity, last = -1;
    for (const place of places) {
      first = Math.min(first, place);
      last = Math.max(last, place);
    }
    const span = new Float32Array(Math.max(0, last + 1 - first));
    for (let d = 0; d < width; d++) {
      await this.#floats(offset + (d * rows + first) * size, span);
      for (let i = 0; i < places.length; i++) {
        out[i * width + d] = span[places[i] - first];
      }
    }
  }
}

// Where a row, counted in C order over some axes, stands where the first axis varies fastest.
function columnPlace(row: number, shape: readonly number[]): number {
  let place = 0;
  let stride = shape.reduce((product, axis) => product * axis, 1);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride /= shape[axis];
    place += (row % shape[axis]) * stride;
    row = Math.floor(row / shape[axis]);
  }
  return place;
}

function turnBytes(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) {
    for (let i = at, j = at + size - 1; i < j; i++, j--) {
      const byte = bytes[i];
      bytes[i] = bytes[j];
      bytes[j] = byte;
    }
  }
}

/** Rows that hold a NaN or an infinity; the first of them has the number `row`. */
export function notFiniteRows(
  data: Float32Array,
  width: number,
  row: number,
  element: ElementType,
): Fault[] {
  const faults: Fault[] = [];
  for (let at = 0; at < data.length;) {
    const found = firstNonFinite(data.subarray(at));
    if (found < 0) break;
    const bad = Math.floor((at + found) / width);
    faults.push({
      row: row + bad,
      why: whyNonFinite(data, bad, width, element),
    });
    at = (bad + 1) * width;
  }
  return faults;
}
