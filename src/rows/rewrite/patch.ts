import { DbksvdError } from "../../errors.ts";
import type { OutputFile } from "../../files/output_file.ts";
import { ELEMENT_BYTES } from "../../parquet/read/columns.ts";
import {
  elementBytes,
  type FloatElement,
} from "../../parquet/write/elements.ts";
import type { TakeVectors } from "../../parquet/write/new_vectors.ts";
import type { ArrowPart } from "../formats/arrow/part.ts";
import { ArrayPart } from "../formats/array.ts";
import type { RowRange } from "../block_store.ts";

/** Rows that are looked at together. */
const LOOKED_AT = 4096;

/** Bytes of new vectors that are written together, at most. */
const WRITTEN_AT_ONCE = 2 ** 22;

/** Rows of a file whose numbers lie in the open, row by row. */
export type OpenPart = ArrayPart | ArrowPart;

/** Where rows are, as codes name them. */
interface Places {
  rows: number[];
  items?: number[];
}

/**
 * Writes new vectors over those of a part, in a copy of its file.
 *
 * @param part the rows
 * @param file the copy
 * @param element what the numbers are
 * @param take the new vectors
 * @param firstRow the first row of the part, or of its table where rows are nested, counted over the file
 * @throws {DbksvdError} `data` where the numbers do not lie in the open: compressed, or in Fortran order
 */
export async function patchPart(
  part: OpenPart,
  file: OutputFile,
  element: FloatElement,
  take: TakeVectors,
  firstRow: number,
): Promise<void> {
  const starts = "table" in part
    ? await part.table.nestedStarts?.()
    : undefined;
  const places = starts === undefined
    ? ({ start, end }: RowRange): Places => ({
      rows: Array.from({ length: end - start }, (_, i) => firstRow + start + i),
    })
    : nestedPlaces(starts, firstRow);
  const run = new Run(file, element, part);
  for (let start = 0; start < part.rows; start += LOOKED_AT) {
    const range = { start, end: Math.min(part.rows, start + LOOKED_AT) };
    const { rows, items } = places(range);
    const offsets = await part.byteOffsets(range);
    const vectors = await take(rows, items);
    for (const [i, vector] of vectors.entries()) {
      if (vector !== undefined) await run.add(offsets[i], vector, rows[i]);
    }
  }
  await run.flush();
}

// Rows of a range come after those of the range before it.
function nestedPlaces(starts: Uint32Array, firstRow: number) {
  let outer = 0;
  return ({ start, end }: RowRange): Places => {
    const rows: number[] = [];
    const items: number[] = [];
    for (let row = start; row < end; row++) {
      while ((starts[outer + 1] ?? Infinity) <= row) outer++;
      rows.push(firstRow + outer);
      items.push(row - starts[outer]);
    }
    return { rows, items };
  };
}

/** New vectors that lie one after the other, written together. */
class Run {
  readonly #file: OutputFile;
  readonly #element: FloatElement;
  readonly #bigEndian: boolean;
  #vectors: Float32Array[] = [];
  #offset = 0;
  #bytes = 0;

  constructor(file: OutputFile, element: FloatElement, part: OpenPart) {
    this.#file = file;
    this.#element = element;
    this.#bigEndian = part instanceof ArrayPart &&
      part.layout.bigEndian === true;
  }

  async add(offset: number, vector: Float32Array, row: number): Promise<void> {
    if (offset < 0) {
      throw new DbksvdError(
        "data",
        "The codes' row is no vector in the input",
        {
          where: { row },
          mend: "name the input that was encoded",
        },
      );
    }
    const size = vector.length * ELEMENT_BYTES[this.#element];
    if (
      offset !== this.#offset + this.#bytes || this.#bytes >= WRITTEN_AT_ONCE
    ) {
      await this.flush();
      this.#offset = offset;
    }
    this.#vectors.push(vector);
    this.#bytes += size;
  }

  async flush(): Promise<void> {
    if (this.#vectors.length > 0) {
      const bytes = new Uint8Array(this.#bytes);
      let at = 0;
      for (const vector of this.#vectors) {
        const stored = elementBytes(this.#element, vector);
        if (this.#bigEndian) turn(stored, ELEMENT_BYTES[this.#element]);
        bytes.set(stored, at);
        at += stored.length;
      }
      await this.#file.writeOver(this.#offset, bytes);
    }
    this.#vectors = [];
    this.#bytes = 0;
  }
}

function turn(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) {
    bytes.subarray(at, at + size).reverse();
  }
}
