import { DbksvdError } from "../../errors.ts";
import type { RowBlock, RowRange } from "../delivery.ts";
import { fetchPages } from "../parquet/fetch.ts";
import { whyNonFinite } from "../parquet/part.ts";
import type { Fault, PartJob } from "../part.ts";
import {
  type PartStore,
  placed,
  type PlacedPart,
  withoutRows,
} from "../store.ts";
import type { DecodeOutcome } from "./messages.ts";
import type { DecodePool } from "./pool.ts";

/** Rows that are decoded in this thread at a time. */
const PIECE_BYTES = 16 * 2 ** 20;

/** Rows of a part that are decoded by themselves: by a worker, or in this thread where there is no job for one. */
interface Task extends RowRange {
  at: PlacedPart;
  cost: number;
  outcome?: Promise<DecodeOutcome>;
}

/** Decoded rows, their numbers counted over the store. */
interface Piece extends RowRange {
  data: Float32Array<ArrayBuffer>;
  dropped: number[];
}

/**
 * Streams ranges that workers decode, in order.
 *
 * @param store the rows
 * @param pool the workers
 * @param ranges what to deliver, a block each
 * @param readAhead bytes that jobs under way and results not yet delivered may take
 */
export async function* streamThroughWorkers(
  store: PartStore,
  pool: DecodePool,
  ranges: Iterable<RowRange>,
  readAhead: number,
  signal?: AbortSignal,
): AsyncGenerator<RowBlock> {
  const wanted = [...ranges];
  const spans = joined(wanted);
  const pieces = decodePieces(store, pool, spans, readAhead, signal);
  try {
    let piece: Piece | undefined;
    for (const range of wanted) {
      const filler = new RangeFiller(range, store.width);
      while (!filler.full) {
        piece ??= (await pieces.next()).value as Piece;
        filler.add(piece);
        if (filler.at === piece.end) piece = undefined;
      }
      yield filler.take();
    }
  } finally {
    await pieces.return(undefined);
  }
}

/** Ranges that follow on each other. */
interface Span extends RowRange {
  /** Where each of them ends. */
  cuts: number[];
}

// Ranges that follow on each other are decoded as one, so that a page between two can be decoded once.
function joined(ranges: readonly RowRange[]): Span[] {
  const spans: Span[] = [];
  for (const { start, end } of ranges) {
    const last = spans[spans.length - 1];
    if (last?.end === start) {
      last.end = end;
      last.cuts.push(end);
    } else spans.push({ start, end, cuts: [end] });
  }
  return spans;
}

async function* decodePieces(
  store: PartStore,
  pool: DecodePool,
  spans: readonly Span[],
  readAhead: number,
  signal?: AbortSignal,
): AsyncGenerator<Piece> {
  const source = tasks(store, spans);
  const queue: Task[] = [];
  let ended = false;
  let cost = 0;
  try {
    while (true) {
      // Always one job, however large; more as far as memory and workers go.
      while (
        !ended && (queue.length === 0 ||
          (cost < readAhead && queue.length < 3 * pool.size))
      ) {
        const next = await source.next();
        if (next.done) ended = true;
        else {
          cost += next.value.cost;
          queue.push(next.value);
          begin(next.value, pool, signal);
        }
      }
      const task = queue.shift();
      if (task === undefined) return;
      signal?.throwIfAborted();
      yield await finish(store, task);
      cost -= task.cost;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    for (const { outcome } of queue) outcome?.catch(() => undefined);
  }
}

async function* tasks(
  store: PartStore,
  spans: readonly Span[],
): AsyncGenerator<Task & { job?: PartJob }> {
  for (const span of spans) {
    for (const { at, start, end } of store.overlaps(span)) {
      const cuts = span.cuts.map((row) => row - at.firstRow)
        .filter((row) => row > start && row <= end);
      yield* partTasks(at, { start, end }, cuts, store.width);
    }
  }
}

async function* partTasks(
  at: PlacedPart,
  { start, end }: RowRange,
  cuts: readonly number[],
  width: number,
): AsyncGenerator<Task & { job?: PartJob }> {
  const { part, place } = at;
  if (part.jobs !== undefined && !part.irregular) {
    const jobs = part.jobs({ start, end }, cuts);
    while (!part.irregular) {
      const next = await placed(place, part, () => jobs.next());
      if (next.done) return;
      const job = next.value;
      yield { at, start: job.start, end: job.end, cost: job.cost, job };
      start = job.end;
    }
  }
  const rows = Math.max(1, Math.floor(PIECE_BYTES / 4 / width));
  for (; start < end; start += rows) {
    yield { at, start, end: Math.min(end, start + rows), cost: 0 };
  }
}

function begin(
  task: Task & { job?: PartJob },
  pool: DecodePool,
  signal?: AbortSignal,
) {
  if (task.job === undefined) return;
  const { spec, source } = task.job;
  task.outcome = source.localPath !== undefined
    ? pool.run({ spec, from: { path: source.localPath } })
    : fetchPages(source, spec, signal).then((pieces) =>
      pool.run(
        { spec, from: { pieces } },
        pieces.map(({ bytes }) => bytes.buffer),
      )
    );
  // It is looked at in its turn; until then, a failure is no unhandled one.
  task.outcome.catch(() => undefined);
}

async function finish(store: PartStore, task: Task): Promise<Piece> {
  const { at, start, end } = task;
  const { part, place, firstRow } = at;
  const { data, faults } = await placed(
    place,
    part,
    () => decoded(task, store.width),
  );
  const dropped = await store.judge(at, { start, end }, data, faults);
  return { start: firstRow + start, end: firstRow + end, data, dropped };
}

async function decoded(
  task: Task,
  width: number,
): Promise<{ data: Float32Array<ArrayBuffer>; faults: Fault[] }> {
  const { at: { part }, start, end } = task;
  const outcome = part.irregular ? undefined : await task.outcome;
  if (outcome !== undefined && "error" in outcome) {
    throw outcome.kind === undefined
      ? new Error(outcome.error)
      : new DbksvdError(outcome.kind, outcome.error);
  }
  if (outcome !== undefined && "data" in outcome) {
    const { data, bad } = outcome;
    const faults = bad.map((row) => ({
      row: start + row,
      why: whyNonFinite(data, row, width),
    }));
    return { data, faults };
  }
  if (outcome !== undefined) part.beIrregular?.();
  const data = new Float32Array((end - start) * width);
  return { data, faults: await part.read({ start, end }, data) };
}

// Fills one range from pieces; a piece that is the whole of it is handed on as it is.
class RangeFiller {
  at: number;
  #data?: Float32Array<ArrayBuffer>;
  #dropped: number[] = [];

  constructor(readonly range: RowRange, readonly width: number) {
    this.at = range.start;
  }

  get full(): boolean {
    return this.at >= this.range.end;
  }

  add({ start, end, data, dropped }: Piece) {
    const { range, width } = this;
    const stop = Math.min(end, range.end);
    if (start === range.start && end === range.end) {
      this.#data = data;
    } else {
      this.#data ??= new Float32Array((range.end - range.start) * width);
      this.#data.set(
        data.subarray((this.at - start) * width, (stop - start) * width),
        (this.at - range.start) * width,
      );
    }
    for (const row of dropped) {
      if (row >= this.at && row < stop) this.#dropped.push(row);
    }
    this.at = stop;
  }

  take(): RowBlock {
    return withoutRows(this.range, this.#data!, this.width, this.#dropped);
  }
}
