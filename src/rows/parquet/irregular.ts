import { type ByteSource, heldBytes } from "../bytes.ts";
import type { Fault } from "../part.ts";
import { ELEMENT_BYTES, type Leaf } from "./columns.ts";
import { type Chunk, walkPages } from "./pages.ts";
import { readDictionaryBytes, readPayload } from "./payload.ts";
import {
  decodeThroughHyparquet,
  dictionaryThroughHyparquet,
} from "./through_hyparquet.ts";
import { toFloats } from "./values.ts";

const RUN_FLOATS = 2 ** 18;

/** Rows one after the other. */
interface RowRun {
  start: number;
  rows: number;
  data: Float32Array;
  faults: Fault[];
}

/**
 * Reads a column's rows whatever its lists look like, page by page through hyparquet: slow, and the judge of what is
 * wrong with a row. Rows are read forwards; going back starts again at the chunk's beginning.
 */
export class IrregularColumn {
  #runs?: AsyncGenerator<RowRun>;
  #run?: RowRun;

  constructor(
    readonly source: ByteSource,
    readonly chunk: Chunk,
    readonly leaf: Leaf,
    readonly width: number,
    readonly pageLimit: number,
  ) {}

  /** Reads rows start ≤ row < end of the chunk to every `stride`-th place of `out`, and tells which are of no use. */
  async read(
    start: number,
    end: number,
    out: Float32Array,
    stride: number,
  ): Promise<Fault[]> {
    const faults: Fault[] = [];
    const { width } = this;
    if (this.#run === undefined || this.#run.start > start) this.#restart();
    for (let row = start; row < end;) {
      const run = await this.#runWith(row);
      const stop = Math.min(end, run.start + run.rows);
      for (; row < stop; row++) {
        const at = (row - run.start) * width;
        out.set(run.data.subarray(at, at + width), (row - start) * stride);
      }
      for (const fault of run.faults) {
        if (fault.row >= start && fault.row < stop) faults.push(fault);
      }
    }
    return faults.filter((fault, i) => fault.row !== faults[i - 1]?.row);
  }

  #restart() {
    this.#runs = rowRuns(this);
    this.#run = { start: 0, rows: 0, data: new Float32Array(0), faults: [] };
  }

  async #runWith(row: number): Promise<RowRun> {
    while (this.#run!.start + this.#run!.rows <= row) {
      const next = await this.#runs!.next();
      if (next.done) throw new Error("Pages end before the rows do");
      this.#run = next.value;
    }
    return this.#run!;
  }
}

async function* rowRuns(column: IrregularColumn): AsyncGenerator<RowRun> {
  const { source, chunk, leaf, width } = column;
  const builder = new RowBuilder(leaf, width);
  let dictionary: ReturnType<typeof dictionaryThroughHyparquet> | undefined;
  for await (const page of walkPages(source, chunk, column.pageLimit)) {
    const stored = await source.read(page.offset, page.compressed);
    const bytes = heldBytes(page.offset, stored);
    if (page.version === 0) {
      const plain = readDictionaryBytes(bytes, page, chunk.codec);
      dictionary = dictionaryThroughHyparquet(page, plain, leaf);
      continue;
    }
    const payload = readPayload(bytes, page, leaf, chunk.codec);
    const decoded = decodeThroughHyparquet(page, payload, leaf, dictionary);
    let value = 0;
    for (let i = 0; i < page.slots; i++) {
      const repetition = decoded.repetition[i] ?? 0;
      const definition = decoded.definition[i] ?? leaf.maxDefinition;
      const present = definition === leaf.maxDefinition;
      builder.add(
        repetition,
        definition,
        present ? decoded.values[value++] : null,
      );
      if (builder.full) yield builder.take();
    }
  }
  builder.endRow();
  yield builder.take();
}

// Puts values together to rows. A row is known to end only where the next one begins.
class RowBuilder {
  #row: Float32Array;
  #count = -1; // values of the row so far; −1: there is none
  #nulls = 0;
  #why?: string;
  #next = 0; // number of the next row to end
  #run: RowRun;

  constructor(readonly leaf: Leaf, readonly width: number) {
    this.#row = new Float32Array(width);
    this.#run = this.#begin();
  }

  get full(): boolean {
    return this.#run.data.length === this.#run.rows * this.width;
  }

  take(): RowRun {
    const run = this.#run;
    this.#run = this.#begin();
    return run;
  }

  #begin(): RowRun {
    const rows = Math.max(1, Math.floor(RUN_FLOATS / this.width));
    const data = new Float32Array(rows * this.width);
    return { start: this.#next, rows: 0, data, faults: [] };
  }

  add(repetition: number, definition: number, value: unknown) {
    const { leaf } = this;
    const nested = leaf.layout === "nested";
    if (repetition < (leaf.maxRepetition || 1)) {
      this.endRow();
      // An outer list that is null or empty holds no row at all.
      if (nested && definition < leaf.outerDefinition) return;
      this.#count = 0;
      this.#nulls = 0;
      this.#why = undefined;
    }
    if (value === null) this.#nulls++;
    else if (leaf.layout === "blob") this.#addBlob(value as Uint8Array);
    else this.#addNumber(value as number | bigint);
  }

  endRow() {
    if (this.#count < 0) return;
    const run = this.#run;
    const row = this.#next++;
    const why = this.#fault();
    const at = run.rows++ * this.width;
    if (why === undefined) run.data.set(this.#row, at);
    else run.faults.push({ row, why });
    this.#count = -1;
  }

  #fault(): string | undefined {
    if (this.#why !== undefined) return this.#why;
    if (this.#nulls > 0) {
      return this.#count === 0 ? "Row is null or empty" : "Row holds a null";
    }
    if (this.#count !== this.width) {
      return `Row holds ${this.#count} values instead of ${this.width}`;
    }
    const bad = this.#row.findIndex((value) => !Number.isFinite(value));
    return bad < 0 ? undefined : nonFinite(this.#row[bad]);
  }

  #addNumber(value: number | bigint) {
    if (value === undefined) throw new Error("Value is missing in its page");
    if (this.#count < this.width) this.#row[this.#count] = Number(value);
    this.#count++;
  }

  #addBlob(value: Uint8Array) {
    const size = this.width * ELEMENT_BYTES[this.leaf.element];
    if (value === undefined) throw new Error("Value is missing in its page");
    if (value.length === size) toFloats(this.leaf.element, value, this.#row);
    else this.#why = `Row takes ${value.length} bytes instead of ${size}`;
    this.#count = this.width;
  }
}

/** What is wrong with a row that holds this value. */
export function nonFinite(value: number): string {
  return Number.isNaN(value) ? "Row holds a NaN" : "Row holds an infinity";
}
