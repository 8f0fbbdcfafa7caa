import type { ByteSource, SyncBytes } from "../../../files/bytes.ts";
import type { RowRange } from "../../block_store.ts";
import type { Part, PartJob, TablePlace } from "../../part.ts";
import { type Fault, whyNonFinite } from "../../../parquet/read/fault.ts";
import {
  type DecodeColumn,
  type DecodeSpec,
  PageDecoder,
} from "../../../parquet/read/decode.ts";
import { fetchPages, heldPieces } from "../../../parquet/read/fetch.ts";
import { IrregularColumn } from "../../../parquet/read/irregular.ts";
import {
  type GroupColumn,
  PagedColumn,
} from "../../../parquet/read/paged_column.ts";
import { Irregular } from "../../../parquet/read/values.ts";
import type { ElementType } from "../../../parquet/read/columns.ts";
import type { DecodedBlock, Decoders } from "./decoders.ts";

/** Bytes of rows that one thread decodes in a second, by codec. */
const SPEEDS: Record<string, number> = {
  UNCOMPRESSED: 3e9,
  SNAPPY: 1.5e9,
  LZ4_RAW: 1.5e9,
  LZ4: 1.5e9,
  ZSTD: 8e8,
};
/** The same of GZIP and BROTLI. */
const SLOWEST = 3e8;
/** Row groups beyond this are shuffled and read in pieces. */
const BLOCK_BYTES = 64 * 2 ** 20;
/** The pages of smaller row groups are not looked through for the largest. */
const UNIT_BYTES = 32 * 2 ** 20;
/** Pieces of such row groups have at least this much. */
const PIECE_BYTES = 16 * 2 ** 20;

/** A row group's number and size, what a page of it may take, and what decodes it. */
export interface GroupShape {
  width: number;
  rows: number;
  rowGroup: number;
  pageLimit: number;
  decoders: Decoders;
}

/** The vectors of one row group. */
export class RowGroupPart implements Part {
  readonly #columns: PagedColumn[];
  readonly #scalar: boolean;
  /** Rows of scalar columns decoded at once. */
  readonly #blockRows: number;
  /** Whether pages do not tell where rows begin. Known from the footer: shuffling must not depend on what was read. */
  readonly #cutsAnywhere: boolean;
  #irregular: IrregularColumn[] | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  readonly width: number;
  readonly rows: number;
  readonly rowGroup: number;
  readonly pageLimit: number;
  readonly decoders: Decoders;

  constructor(
    readonly source: ByteSource,
    readonly columns: readonly GroupColumn[],
    shape: GroupShape,
    readonly table: TablePlace,
  ) {
    const { width, rows, rowGroup, pageLimit, decoders } = shape;
    this.decoders = decoders;
    this.#scalar = columns[0].leaf.layout === "scalar";
    this.#blockRows = Math.max(1, Math.floor(pageLimit / 4 / width));
    this.width = width;
    this.rows = rows;
    this.rowGroup = rowGroup;
    this.pageLimit = pageLimit;
    this.#columns = columns.map((column) =>
      new PagedColumn(source, column, width, pageLimit)
    );
    const slots = rows * this.#columns[0].slotsPerRow;
    const uneven = columns.some(({ chunk }) => chunk.slots !== slots);
    this.#cutsAnywhere = this.#scalar || uneven;
    if (uneven) this.beIrregular();
  }

  /** See {@linkcode Part.bytesPerSecond}. */
  get bytesPerSecond(): number {
    return SPEEDS[this.columns[0].chunk.codec] ?? SLOWEST;
  }

  /** See {@linkcode Part.blocks}. */
  async blocks(): Promise<RowRange[]> {
    const bytes = this.width * 4;
    if (this.rows * bytes <= BLOCK_BYTES) return [{ start: 0, end: this.rows }];
    return await Array.fromAsync(this.#cut(PIECE_BYTES / bytes));
  }

  /** See {@linkcode Part.unitBytes}: the largest page. Of small row groups it is not looked for. */
  async unitBytes(): Promise<number> {
    const bytes = this.rows * this.width * 4;
    const most = this.#scalar ? this.#blockRows * this.width * 4 : bytes;
    if (this.#scalar || this.#irregular || bytes <= UNIT_BYTES) {
      return Math.min(bytes, most);
    }
    const { pages } = await this.#columns[0].pagesOf(0, this.rows);
    return pages.reduce((most, page) => Math.max(most, page.uncompressed), 0);
  }

  /** See {@linkcode Part.read}. */
  async read(range: RowRange, out: Float32Array): Promise<Fault[]> {
    if (this.#irregular === undefined) {
      try {
        return await this.#readRegular(range, out);
      } catch (error) {
        if (!(error instanceof Irregular)) throw error;
        this.beIrregular();
      }
    }
    // The columns' places in the file move on as they are read: one reader at a time.
    const turn = this.#queue.then(() => this.#readIrregular(range, out));
    this.#queue = turn.catch(() => undefined);
    return await turn;
  }

  /** See {@linkcode Part.job}. */
  async job(start: number, least: number, end: number): Promise<PartJob> {
    const stop = await this.#jobEnd(
      this.#scalar ? start + this.#blockRows : least,
      end,
    );
    const spec = await this.#spec({ start, end: stop });
    let cost = (stop - start) * this.width * 4;
    for (const { pages } of spec.columns) {
      const sizes = pages.map((page) => page.compressed + page.uncompressed);
      cost += Math.max(0, ...sizes);
    }
    return { start, end: stop, spec, cost, source: this.source };
  }

  /** What the stored numbers are. */
  get element(): ElementType {
    return this.columns[0].leaf.element;
  }

  /** Whether rows have to be read one by one: some are not full vectors. */
  get irregular(): boolean {
    return this.#irregular !== undefined;
  }

  /** Reads the rows one by one from now on. */
  beIrregular(): void {
    this.#irregular ??= this.columns.map(({ leaf, chunk }) =>
      new IrregularColumn(
        this.source,
        chunk,
        leaf,
        this.#scalar ? 1 : this.width,
        this.rows,
        this.pageLimit,
      )
    );
  }

  async #readRegular(range: RowRange, out: Float32Array): Promise<Fault[]> {
    return this.#scalar
      ? await this.#readBlocks(range, out)
      : await this.#decode(range, out);
  }

  // A row of scalar columns lies in as many pages: a block of rows is decoded at once, and kept.
  async #readBlocks(range: RowRange, out: Float32Array): Promise<Fault[]> {
    const faults: Fault[] = [];
    for (let row = range.start; row < range.end;) {
      const block = await this.#blockWith(row);
      const end = Math.min(range.end, block.end);
      const { width } = this;
      out.set(
        block.data.subarray(
          (row - block.start) * width,
          (end - block.start) * width,
        ),
        (row - range.start) * width,
      );
      for (const fault of block.faults) {
        if (fault.row >= row && fault.row < end) faults.push(fault);
      }
      row = end;
    }
    return faults;
  }

  async #blockWith(row: number): Promise<DecodedBlock> {
    const held = this.decoders.block;
    if (held?.part === this && row >= held.start && row < held.end) return held;
    this.decoders.block = undefined;
    const start = Math.floor(row / this.#blockRows) * this.#blockRows;
    const end = Math.min(this.rows, start + this.#blockRows);
    const data = new Float32Array((end - start) * this.width);
    const faults = await this.#decode({ start, end }, data);
    const block = { part: this, start, end, data, faults };
    this.decoders.block = block;
    return block;
  }

  async #decode(range: RowRange, out: Float32Array): Promise<Fault[]> {
    const spec = await this.#spec(range);
    const decoder = isSync(this.source)
      ? this.decoders.of(this.source, this.#scalar)
      : new PageDecoder(heldPieces(await fetchPages(this.source, spec)), 0);
    return decoder.decode(spec, out).map((row) => ({
      row: range.start + row,
      why: whyNonFinite(out, row, this.width, this.element),
    }));
  }

  async #readIrregular(range: RowRange, out: Float32Array): Promise<Fault[]> {
    const byRow = new Map<number, Fault>();
    for (const [c, column] of this.#irregular!.entries()) {
      const into = out.subarray(c);
      const faults = await column.read(
        range.start,
        range.end,
        into,
        this.width,
      );
      for (const fault of faults) {
        if (!byRow.has(fault.row)) byRow.set(fault.row, fault);
      }
    }
    return [...byRow.values()].sort((a, b) => a.row - b.row);
  }

  async #spec({ start, end }: RowRange): Promise<DecodeSpec> {
    const columns: DecodeColumn[] = [];
    for (const column of this.#columns) {
      columns.push(await column.pagesOf(start, end));
    }
    return { columns, width: this.width, startRow: start, endRow: end };
  }

  // Where a page ends; columns' pages differ: they end anywhere.
  async #jobEnd(least: number, end: number): Promise<number> {
    if (least >= end) return end;
    if (this.#cutsAnywhere) return least;
    return Math.min(end, await this.#columns[0].pageEnd(least));
  }

  // Runs of at least `rows` rows that end where a page ends; of scalar columns, whole blocks.
  async *#cut(rows: number): AsyncGenerator<RowRange> {
    const step = this.#scalar ? this.#blockRows : rows;
    for (let start = 0; start < this.rows;) {
      const end = await this.#jobEnd(Math.ceil(start + step), this.rows);
      yield { start, end };
      start = end;
    }
  }
}

function isSync(source: ByteSource): source is ByteSource & SyncBytes {
  return "readSync" in source;
}
