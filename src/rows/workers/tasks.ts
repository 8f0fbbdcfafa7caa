import type { PartsToDecode } from "../placed.ts";
import type { RowRange } from "../block_store.ts";
import type { PartJob } from "../part.ts";
import { placed, type PlacedPart } from "../placed.ts";

/** Rows that are decoded by themselves have about this much: little to wait for, much beside what a message costs. */
const TASK_BYTES = 8 * 2 ** 20;
/** Rows without a job, which this thread reads, are read this much at a time. */
const PIECE_BYTES = 16 * 2 ** 20;

/** Rows of a part that are decoded at once, counted over the store: by a worker or, without a job, in this thread. */
export interface Task extends RowRange {
  at: PlacedPart;
  job?: PartJob | undefined;
}

/** Rows of a group that lie in one of the ranges that are delivered. */
export interface Place extends RowRange {
  /** First row of the buffer that they are decoded into, and the rows that it takes. */
  from: number;
  rows: number;
  /** Whether that buffer is to be the range's: most of its rows are in this group. */
  home: boolean;
}

/** Tasks, one after the other, that one worker does or that this thread does. */
export interface Group extends RowRange {
  tasks: Task[];
  places: Place[];
  /** Bytes that it takes. */
  cost: number;
}

/**
 * Cuts ranges into groups: each a range, as far as one fits, so that its rows are decoded into their place, but to
 * the end of its last page, so that no page is decoded twice.
 *
 * @param store the rows
 * @param ranges what is delivered, in order
 * @param mostBytes what a group may take, where pages are not larger
 */
export async function* cutGroups(
  store: PartsToDecode,
  ranges: readonly RowRange[],
  mostBytes: number,
): AsyncGenerator<Group> {
  const rowBytes = store.width * 4;
  const step = Math.max(1, Math.ceil(TASK_BYTES / rowBytes));
  for (const span of joined(ranges)) {
    const { end, parts } = span;
    const most = Math.max(step, mostBytes / rowBytes);
    let next = 0;
    for (let start = span.start; start < end;) {
      // A range that is nearly done is finished along with the one after it.
      while (parts[next].end < Math.min(end, start + step / 2)) next++;
      const target = parts[next].end - start <= most
        ? parts[next].end
        : Math.min(end, start + step);
      const tasks = await tasksOf(store, start, target, end);
      const stop = tasks[tasks.length - 1].end;
      const places = placesOf({ start, end: stop }, parts);
      yield { start, end: stop, tasks, places, cost: costOf(tasks) };
      start = stop;
    }
  }
}

/** Ranges that follow on each other. */
interface Span extends RowRange {
  parts: RowRange[];
}

function joined(ranges: readonly RowRange[]): Span[] {
  const spans: Span[] = [];
  for (const range of ranges) {
    const last = spans[spans.length - 1];
    if (last?.end === range.start) {
      last.end = range.end;
      last.parts.push(range);
    } else spans.push({ ...range, parts: [range] });
  }
  return spans;
}

// Tasks from `start` on that reach `target`; those of this thread stand alone.
async function tasksOf(
  store: PartsToDecode,
  start: number,
  target: number,
  end: number,
): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const { at, ...rows } of store.overlaps({ start, end })) {
    const least = Math.min(rows.end, target - at.firstRow);
    for (let from = rows.start; from < least;) {
      const task = await taskAt(at, from, least, rows.end, store.width);
      if (task.job === undefined && tasks.length > 0) return tasks;
      tasks.push(task);
      if (task.job === undefined || task.end >= target) return tasks;
      from = task.end - at.firstRow;
    }
  }
  return tasks;
}

async function taskAt(
  at: PlacedPart,
  start: number,
  least: number,
  end: number,
  width: number,
): Promise<Task> {
  const { part, place, firstRow } = at;
  const job = part.job === undefined || part.irregular
    ? undefined
    : await placed(place, part, () => part.job!(start, least, end));
  const rows = Math.max(1, Math.floor(PIECE_BYTES / 4 / width));
  const stop = job?.end ?? Math.min(end, start + rows);
  return { at, start: firstRow + start, end: firstRow + stop, job };
}

function costOf(tasks: readonly Task[]): number {
  return tasks.reduce((sum, { job }) => sum + (job?.cost ?? 0), 0);
}

function placesOf(group: RowRange, parts: readonly RowRange[]): Place[] {
  const places: Place[] = [];
  for (let i = firstEndingAfter(parts, group.start); i < parts.length; i++) {
    if (parts[i].start >= group.end) break;
    const start = Math.max(group.start, parts[i].start);
    const end = Math.min(group.end, parts[i].end);
    const rows = parts[i].end - parts[i].start;
    places.push(
      2 * (end - start) >= rows
        ? { start, end, from: parts[i].start, rows, home: true }
        : { start, end, from: start, rows: end - start, home: false },
    );
  }
  return places;
}

function firstEndingAfter(parts: readonly RowRange[], row: number): number {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle].end > row) high = middle;
    else low = middle + 1;
  }
  return low;
}
