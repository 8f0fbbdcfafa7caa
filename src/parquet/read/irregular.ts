import {
  type ByteSource,
  heldBytes,
  type SyncBytes,
} from "../../files/bytes.ts";
import { type Fault, nonFinite } from "./fault.ts";
import { ELEMENT_BYTES, type Leaf } from "./columns.ts";
import { requireRowBegin } from "./levels.ts";
import { type Chunk, type Page, walkPages } from "./pages.ts";
import { readDictionaryBytes, readPayload } from "./payload.ts";
import {
  type DecodedPage,
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

/** A data page, and the first row that begins with it; −1 where it begins within a row, or that is not known yet. */
interface SeenPage {
  page: Page;
  row: number;
}

type Dictionary = ReturnType<typeof dictionaryThroughHyparquet>;

/**
 * Reads a column's rows whatever its lists look like, page by page through hyparquet: slow, and the judge of what is
 * wrong with a row. Rows are read forwards; going back begins again at the last page seen that begins with a row.
 */
export class IrregularColumn {
  readonly #walk: AsyncGenerator<Page>;
  readonly #seen: SeenPage[] = [];
  #dictionary: Dictionary | undefined;
  #runs: AsyncGenerator<RowRun> | undefined;
  #run: RowRun | undefined;

  constructor(
    readonly source: ByteSource,
    readonly chunk: Chunk,
    readonly leaf: Leaf,
    readonly width: number,
    readonly rows: number,
    pageLimit: number,
  ) {
    this.#walk = walkPages(source, chunk, pageLimit);
  }

  /** Reads rows start ≤ row < end of the chunk to every `stride`-th place of `out`, and tells which are of no use. */
  async read(
    start: number,
    end: number,
    out: Float32Array,
    stride: number,
  ): Promise<Fault[]> {
    const faults: Fault[] = [];
    const { width } = this;
    if (this.#run === undefined || this.#run.start > start) {
      this.#restart(start);
    }
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
    if (end === this.rows) await this.#requireEnd();
    return faults.filter((fault, i) => fault.row !== faults[i - 1]?.row);
  }

  #restart(row: number) {
    const index = this.#seen.findLastIndex((seen) =>
      seen.row >= 0 && seen.row <= row
    );
    const start = index < 0 ? 0 : this.#seen[index].row;
    this.#runs = this.#rowRuns(Math.max(0, index), start);
    this.#run = { start, rows: 0, data: new Float32Array(0), faults: [] };
  }

  // More rows than there are to be: some began where none does, and others stand at the wrong place.
  async #requireEnd() {
    for (;;) {
      const { start, rows } = this.#run!;
      if (start + rows > this.rows) {
        throw new Error(`Column holds more than its ${this.rows} rows`);
      }
      const next = await this.#runs!.next();
      if (next.done) return;
      if (next.value.rows > 0) this.#run = next.value;
    }
  }

  async #runWith(row: number): Promise<RowRun> {
    while (this.#run!.start + this.#run!.rows <= row) {
      const next = await this.#runs!.next();
      if (next.done) throw new Error("Pages end before the rows do");
      this.#run = next.value;
    }
    return this.#run!;
  }

  async *#rowRuns(index: number, row: number): AsyncGenerator<RowRun> {
    const { leaf } = this;
    const builder = new RowBuilder(leaf, this.width, row);
    for (;; index++) {
      const seen = await this.#seenPage(index);
      if (seen === undefined) break;
      const { page } = seen;
      const decoded = await this.#decode(page);
      let value = 0;
      for (let i = 0; i < page.slots; i++) {
        const repetition = decoded.repetition[i] ?? 0;
        const definition = decoded.definition[i] ?? leaf.maxDefinition;
        if (i === 0 && index === 0) requireRowBegin(repetition);
        if (
          repetition > leaf.maxRepetition || definition > leaf.maxDefinition
        ) throw new Error("Levels are beyond what the schema has");
        const present = definition === leaf.maxDefinition;
        builder.add(
          repetition,
          definition,
          present ? decoded.values[value++] : null,
        );
        if (i === 0 && builder.begins) seen.row = builder.row;
        if (builder.full) yield builder.take();
      }
    }
    builder.endRow();
    yield builder.take();
  }

  async #seenPage(index: number): Promise<SeenPage | undefined> {
    while (this.#seen.length <= index) {
      const next = await this.#walk.next();
      if (next.done) return undefined;
      const page = next.value;
      if (page.version > 0) this.#seen.push({ page, row: -1 });
      else {
        const bytes = await this.#bytesOf(page);
        const plain = readDictionaryBytes(bytes, page, this.chunk.codec);
        this.#dictionary = dictionaryThroughHyparquet(page, plain, this.leaf);
      }
    }
    return this.#seen[index];
  }

  async #decode(page: Page): Promise<DecodedPage> {
    const { leaf, chunk: { codec } } = this;
    const payload = readPayload(await this.#bytesOf(page), page, leaf, codec);
    return decodeThroughHyparquet(page, payload, leaf, this.#dictionary);
  }

  async #bytesOf({ offset, compressed }: Page): Promise<SyncBytes> {
    return heldBytes(offset, await this.source.read(offset, compressed));
  }
}

// Puts values together to rows. A row is known to end only where the next one begins.
class RowBuilder {
  #row: Float32Array;
  #count = -1; // values of the row so far; −1: there is none
  #nulls = 0;
  #why: string | undefined;
  #next: number; // number of the next row to end
  #run: RowRun;

  constructor(readonly leaf: Leaf, readonly width: number, row: number) {
    this.#row = new Float32Array(width);
    this.#next = row;
    this.#run = this.#begin();
  }

  /** Whether the value added last is its row's first. */
  begins = false;

  /** Number of the row that values are added to. */
  get row(): number {
    return this.#next;
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
    this.begins = repetition < (leaf.maxRepetition || 1);
    if (this.begins) {
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
    return bad < 0 ? undefined : nonFinite(this.#row[bad], this.leaf.element);
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
