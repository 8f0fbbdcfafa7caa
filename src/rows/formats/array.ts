import type { ByteSource } from "../../files/bytes.ts";
import type { RowRange } from "../delivery.ts";
import type { Fault, Part } from "../part.ts";
import { ELEMENT_BYTES, type ElementType } from "../../parquet/read/columns.ts";
import { whyNonFinite } from "../../parquet/read/part.ts";
import { firstNonFinite } from "../../files/finite.ts";
import { toFloats } from "../../parquet/read/values.ts";

/** Numbers that lie row after row in a file. */
export interface ArrayLayout {
  /** Where the first number is. */
  offset: number;
  element: ElementType;
  rows: number;
  width: number;
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
    const { offset, element, width } = this.layout;
    const rowBytes = width * ELEMENT_BYTES[element];
    const step = Math.max(1, Math.floor(READ_BYTES / rowBytes));
    const faults: Fault[] = [];
    for (let row = range.start; row < range.end; row += step) {
      const end = Math.min(range.end, row + step);
      const bytes = await this.source.read(
        offset + row * rowBytes,
        (end - row) * rowBytes,
      );
      const piece = out.subarray(
        (row - range.start) * width,
        (end - range.start) * width,
      );
      toFloats(element, bytes, piece);
      faults.push(...notFiniteRows(piece, width, row));
    }
    return faults;
  }
}

/** Rows that hold a NaN or an infinity; the first of them has the number `row`. */
export function notFiniteRows(
  data: Float32Array,
  width: number,
  row: number,
): Fault[] {
  const faults: Fault[] = [];
  for (let at = 0; at < data.length;) {
    const found = firstNonFinite(data.subarray(at));
    if (found < 0) break;
    const bad = Math.floor((at + found) / width);
    faults.push({ row: row + bad, why: whyNonFinite(data, bad, width) });
    at = (bad + 1) * width;
  }
  return faults;
}
