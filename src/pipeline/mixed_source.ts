import type {
  BatchOptions,
  RowBatch,
  RowSet,
  RowSource,
} from "../rows/source.ts";

/** Some rows of a source, as a part of a mixture. */
export interface MixedPart {
  source: RowSource;
  /** Only these rows of it. */
  only?: RowSet;
  /** All rows of it but these. */
  except?: RowSet;
  /** How many rows that makes. */
  rows: number;
}

/** A source that mixes several: every batch holds rows of each part in the proportion of the whole. */
export interface MixedSource extends RowSource {
  /** Rows that each part has delivered so far, over all deliveries. */
  readonly delivered: readonly number[];
}

/**
 * Mixes new rows with replayed ones, so that no sample batch is of one kind alone. Row numbers are those of the parts'
 * sources, one source after the other.
 *
 * @param parts of the same width
 */
export function mixSources(parts: readonly MixedPart[]): MixedSource {
  const { width } = parts[0].source;
  const starts = offsets(parts.map(({ source }) => source.rowCount));
  const delivered = parts.map(() => 0);
  const close = async () => {
    for (const { source } of parts) await source.close();
  };
  return {
    width,
    rowCount: starts[parts.length],
    files: parts.flatMap(({ source }) => source.files),
    get dropped() {
      return sumCounts(parts.map(({ source }) => source.dropped));
    },
    delivered,
    batches(
      rowsPerBatch: number | readonly number[],
      options: BatchOptions = {},
    ): AsyncIterable<RowBatch> {
      const sizes = typeof rowsPerBatch === "number"
        ? [rowsPerBatch]
        : rowsPerBatch;
      const mixture = { parts, starts, delivered, width };
      return selects(options)
        ? selected(mixture, sizes, options)
        : interleaved(mixture, sizes, options, options.skipRows ?? 0);
    },
    async read({ start, end }) {
      const data = new Float32Array(Math.max(0, end - start) * width);
      for (const [p, { source }] of parts.entries()) {
        const from = Math.max(start, starts[p]);
        const to = Math.min(end, starts[p + 1]);
        if (from >= to) continue;
        const range = { start: from - starts[p], end: to - starts[p] };
        data.set(await source.read(range), (from - start) * width);
      }
      return data;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Mixture {
  parts: readonly MixedPart[];
  /** First row number of each part, and the end. */
  starts: readonly number[];
  delivered: number[];
  width: number;
}

// Batches with rows of every part, in proportion.
async function* interleaved(
  mixture: Mixture,
  given: readonly number[],
  options: BatchOptions,
  skip: number,
): AsyncGenerator<RowBatch> {
  const { parts, starts, delivered, width } = mixture;
  const counts = parts.map(({ rows }) => rows);
  const total = counts.reduce((sum, rows) => sum + rows, 0);
  const shareAt = (rows: number, p: number) => sharesOf(rows, counts, total)[p];
  const cuts = batchEnds(skip, total, given);
  const streams = parts.map(({ source, only, except }, p) => {
    const plan = cuts.slice(1).map((end, i) =>
      shareAt(end, p) - shareAt(cuts[i], p)
    ).filter((rows) => rows > 0);
    return source.batches(plan.length === 0 ? 1 : plan, {
      shuffleSeed: options.shuffleSeed,
      signal: options.signal,
      skipRows: shareAt(skip, p),
      only,
      except,
    })[Symbol.asyncIterator]();
  });
  try {
    for (let i = 0; i + 1 < cuts.length; i++) {
      const joined = new Joined(cuts[i + 1] - cuts[i], width);
      for (const [p, stream] of streams.entries()) {
        if (shareAt(cuts[i + 1], p) === shareAt(cuts[i], p)) continue;
        const next = await stream.next();
        if (next.done) continue;
        delivered[p] += next.value.rows;
        joined.add(next.value, starts[p]);
      }
      const batch = joined.take();
      if (batch !== undefined) yield batch;
    }
  } finally {
    for (const stream of streams) await stream.return?.();
  }
}

// The mixture's rows that the options ask for, in batches of the sizes given.
async function* selected(
  mixture: Mixture,
  sizes: readonly number[],
  options: BatchOptions,
): AsyncGenerator<RowBatch> {
  const { range, only, except } = options;
  const takes = (row: number) =>
    (range === undefined || (row >= range.start && row < range.end)) &&
    (only?.has(row) ?? true) && !(except?.has(row) ?? false);
  let skip = options.skipRows ?? 0;
  let batches = 0;
  const sizeAt = (i: number) => sizes[Math.min(i, sizes.length - 1)];
  let joined = new Joined(sizeAt(0), mixture.width);
  for await (const batch of interleaved(mixture, [4096], options, 0)) {
    for (let i = 0; i < batch.rows; i++) {
      const row = batch.rowNumbers![i];
      if (!takes(row) || skip-- > 0) continue;
      joined.addRow(batch.data, i, row);
      if (joined.rows < sizeAt(batches)) continue;
      yield joined.take()!;
      joined = new Joined(sizeAt(++batches), mixture.width);
    }
  }
  const last = joined.take();
  if (last !== undefined) yield last;
}

/**
 * How many of the first rows are of each part: the first part gets its share rounded, the next its share of what is
 * left. No share ever falls when the rows grow.
 */
function sharesOf(
  rows: number,
  counts: readonly number[],
  total: number,
): number[] {
  return counts.map((count) => {
    const share = total === 0 ? 0 : Math.round(rows * count / total);
    rows -= share;
    total -= count;
    return share;
  });
}

function selects({ range, only, except }: BatchOptions): boolean {
  return range !== undefined || only !== undefined || except !== undefined;
}

/** Rows of several deliveries as one batch. */
class Joined {
  rows = 0;
  #data: Float32Array<ArrayBuffer>;
  #rowNumbers: Float64Array;

  constructor(capacity: number, readonly width: number) {
    this.#data = new Float32Array(capacity * width);
    this.#rowNumbers = new Float64Array(capacity);
  }

  add(batch: RowBatch, offset: number): void {
    this.#data.set(batch.data, this.rows * this.width);
    for (let i = 0; i < batch.rows; i++) {
      this.#rowNumbers[this.rows + i] = offset +
        (batch.rowNumbers?.[i] ?? batch.firstRow + i);
    }
    this.rows += batch.rows;
  }

  addRow(data: Float32Array, index: number, row: number): void {
    const { width } = this;
    this.#data.set(
      data.subarray(index * width, (index + 1) * width),
      this.rows * width,
    );
    this.#rowNumbers[this.rows++] = row;
  }

  take(): RowBatch | undefined {
    if (this.rows === 0) return undefined;
    const rowNumbers = this.#rowNumbers.slice(0, this.rows);
    return {
      data: this.#data.slice(0, this.rows * this.width),
      rows: this.rows,
      firstRow: rowNumbers[0],
      rowNumbers,
    };
  }
}

function batchEnds(
  start: number,
  total: number,
  sizes: readonly number[],
): number[] {
  const ends = [start];
  for (let at = start; at < total;) {
    at += sizes[Math.min(ends.length - 1, sizes.length - 1)];
    ends.push(Math.min(at, total));
  }
  return ends;
}

function offsets(sizes: readonly number[]): number[] {
  const starts = [0];
  for (const size of sizes) starts.push(starts[starts.length - 1] + size);
  return starts;
}

function sumCounts(
  counts: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [reason, count] of counts.flatMap((c) => Object.entries(c))) {
    sum[reason] = (sum[reason] ?? 0) + count;
  }
  return sum;
}
