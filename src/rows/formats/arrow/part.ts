import type { ByteSource } from "../../../files/bytes.ts";
import { ELEMENT_BYTES } from "../../../parquet/read/columns.ts";
import type { RowRange } from "../../block_store.ts";
import { notFiniteRows } from "../array.ts";
import type { Part, TablePlace } from "../../part.ts";
import type { Fault } from "../../../parquet/read/fault.ts";
import type { ArrowBatch, ArrowNode } from "./batches.ts";
import type { BufferReader } from "./reader.ts";
import { type ArrowVectors, rowNode } from "./vectors.ts";

/** Rows are delivered, and shuffled, in runs of about this much. */
const BLOCK_BYTES = 32 * 2 ** 20;
/** Values are read this much at a time. */
const READ_BYTES = 4 * 2 ** 20;
/** Rows whose offsets are looked at together, at most. */
const LOOKED_AT = 65536;
/** Values whose presence is looked at together. */
const LOOKED_AT_VALUES = 2 ** 21;

/** Rows of a nested column: inner lists first … end − 1 are the part's rows from `row` on. */
interface Segment {
  row: number;
  first: number;
  end: number;
}

/** The vectors of one record batch. */
export class ArrowPart implements Part {
  readonly source: ByteSource;
  /** The lists, or blobs, that the rows are. */
  readonly #rows: ArrowNode;
  /** The numbers: their node and their buffer. */
  readonly #values: { node: ArrowNode; buffer: number };

  private constructor(
    readonly reader: BufferReader,
    readonly vectors: ArrowVectors,
    readonly width: number,
    readonly rowGroup: number,
    readonly table: TablePlace,
    column: ArrowNode,
    readonly segments: readonly Segment[],
    readonly rows: number,
  ) {
    this.source = reader.source;
    this.#rows = rowNode(column, vectors);
    const blob = vectors.layout === "blob";
    const node = blob ? this.#rows : this.#rows.children[0];
    const fixed = this.#rows.field.type.kind === "fixed bytes";
    this.#values = { node, buffer: blob && !fixed ? 2 : 1 };
  }

  /** Opens the rows of a batch. */
  static async open(
    reader: BufferReader,
    batch: ArrowBatch,
    vectors: ArrowVectors,
    shape: { width: number; rowGroup: number; table: TablePlace },
  ): Promise<ArrowPart> {
    const column = batch.columns[vectors.index];
    const nested = vectors.layout === "nested";
    const segments = nested
      ? await innerSegments(reader, column)
      : [{ row: 0, first: 0, end: column.length }];
    const last = segments.at(-1);
    const rows = last === undefined ? 0 : last.row + last.end - last.first;
    const { width, rowGroup } = shape;
    const table = nested
      ? { ...shape.table, nestedStarts: () => outerStarts(reader, column) }
      : shape.table;
    return new ArrowPart(
      reader,
      vectors,
      width,
      rowGroup,
      table,
      column,
      segments,
      rows,
    );
  }

  /** See {@linkcode Part.blocks}. */
  blocks(): Promise<RowRange[]> {
    const size = Math.max(1, Math.floor(BLOCK_BYTES / 4 / this.width));
    const blocks = [];
    for (let start = 0; start < this.rows; start += size) {
      blocks.push({ start, end: Math.min(this.rows, start + size) });
    }
    return Promise.resolve(blocks);
  }

  /** See {@linkcode Part.read}. */
  async read(range: RowRange, out: Float32Array): Promise<Fault[]> {
    const faults: Fault[] = [];
    const most = Math.ceil(LOOKED_AT_VALUES / this.width);
    const step = Math.min(LOOKED_AT, most);
    for (const { row, first, end } of this.segments) {
      const from = Math.max(range.start, row);
      const to = Math.min(range.end, row + end - first);
      for (let start = from; start < to; start += step) {
        const stop = Math.min(to, start + step);
        const place = out.subarray(
          (start - range.start) * this.width,
          (stop - range.start) * this.width,
        );
        const shift = first - row;
        const lists = { start: start + shift, end: stop + shift };
        for (const fault of await this.#readLists(lists, place)) {
          faults.push({ ...fault, row: fault.row - shift });
        }
      }
    }
    return faults;
  }

  /** Whether the file holds the numbers compressed. */
  get isCompressed(): boolean {
    return this.#values.node.codec !== undefined;
  }

  /** The byte of the file at which each row of a range begins; −1 where a row is no whole vector. */
  async byteOffsets(range: RowRange): Promise<Float64Array> {
    const { element, layout } = this.vectors;
    const unit = layout === "blob" ? 1 : ELEMENT_BYTES[element];
    const { node, buffer } = this.#values;
    const values = node.buffers[buffer].start;
    const found = new Float64Array(range.end - range.start).fill(-1);
    for (const { row, first, end } of this.segments) {
      const from = Math.max(range.start, row);
      const to = Math.min(range.end, row + end - first);
      if (from >= to) continue;
      const shift = first - row;
      const lists = [this.#rows, from + shift, to + shift] as const;
      const offsets = await this.reader.offsets(...lists);
      const there = await this.reader.validity(...lists);
      for (let i = 0; i < to - from; i++) {
        const whole = there?.(from + shift + i) ?? true;
        if (this.#fault(offsets, i, whole, undefined) !== undefined) continue;
        found[from - range.start + i] = values + offsets[i] * unit;
      }
    }
    return found;
  }

  // Lists that follow on each other; full ones without nulls are read in runs. Faults are counted as the lists are.
  async #readLists(
    { start, end }: RowRange,
    out: Float32Array,
  ): Promise<Fault[]> {
    const { reader, width, vectors: { element, layout } } = this;
    const size = ELEMENT_BYTES[element];
    const unit = layout === "blob" ? 1 : size;
    const offsets = await reader.offsets(this.#rows, start, end);
    const there = await reader.validity(this.#rows, start, end);
    const holes = layout === "blob" ? undefined : await reader.validity(
      this.#values.node,
      offsets[0],
      offsets[end - start],
    );
    const faults: Fault[] = [];
    const most = Math.max(1, Math.floor(READ_BYTES / size / width));
    for (let i = 0; i < end - start;) {
      const why = this.#fault(offsets, i, there?.(start + i) ?? true, holes);
      if (why !== undefined) {
        faults.push({ row: start + i++, why });
        continue;
      }
      let next = i + 1;
      while (
        next < end - start && next - i < most &&
        this.#fault(offsets, next, there?.(start + next) ?? true, holes) ===
          undefined
      ) next++;
      const piece = out.subarray(i * width, next * width);
      const { node, buffer } = this.#values;
      await reader.floats(node, buffer, element, offsets[i] * unit, piece);
      faults.push(...notFiniteRows(piece, width, start + i, element));
      i = next;
    }
    return faults;
  }

  // What is wrong with a list, its numbers apart.
  #fault(
    offsets: Float64Array,
    i: number,
    there: boolean,
    holes: ((index: number) => boolean) | undefined,
  ): string | undefined {
    const { width, vectors: { element, layout } } = this;
    const length = offsets[i + 1] - offsets[i];
    if (!there || length === 0) return "Row is null or empty";
    if (layout === "blob") {
      const bytes = width * ELEMENT_BYTES[element];
      if (length === bytes) return undefined;
      return `Row takes ${length} bytes instead of ${bytes}`;
    }
    if (holes !== undefined) {
      for (let at = offsets[i]; at < offsets[i + 1]; at++) {
        if (!holes(at)) return "Row holds a null";
      }
    }
    if (length === width) return undefined;
    return `Row holds ${length} values instead of ${width}`;
  }
}

// An outer list that is null holds no row, whatever lies in its place.
async function innerSegments(
  reader: BufferReader,
  column: ArrowNode,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  let row = 0;
  await eachOuter(reader, column, (first, end) => {
    if (first === end) return;
    const last = segments.at(-1);
    if (last?.end === first) last.end = end;
    else segments.push({ row, first, end });
    row += end - first;
  });
  const inner = column.children[0].length;
  if (segments.some(({ end }) => end > inner)) {
    throw new Error("Offsets lie beyond what they count");
  }
  return segments;
}

async function outerStarts(
  reader: BufferReader,
  column: ArrowNode,
): Promise<Uint32Array> {
  const starts = new Uint32Array(column.length);
  let outer = 0;
  let row = 0;
  await eachOuter(reader, column, (first, end) => {
    starts[outer++] = row;
    row += end - first;
  });
  return starts;
}

async function eachOuter(
  reader: BufferReader,
  column: ArrowNode,
  take: (first: number, end: number) => void,
) {
  for (let start = 0; start < column.length; start += LOOKED_AT) {
    const end = Math.min(column.length, start + LOOKED_AT);
    const offsets = await reader.offsets(column, start, end);
    const there = await reader.validity(column, start, end);
    for (let i = 0; i < end - start; i++) {
      const whole = there?.(start + i) ?? true;
      take(offsets[i], whole ? offsets[i + 1] : offsets[i]);
    }
  }
}
