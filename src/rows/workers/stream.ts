import type { PartsToDecode } from "../placed.ts";
import { DbksvdError } from "../../errors.ts";
import type { RowBlock, RowRange } from "../block_store.ts";
import { fetchPages } from "../../parquet/read/fetch.ts";
import type { PartJob } from "../part.ts";
import { type Fault, whyNonFinite } from "../../parquet/read/fault.ts";
import { placed } from "../placed.ts";
import type {
  DecodeJob,
  DecodeOutcome,
  DecodeReply,
  Slice,
} from "./messages.ts";
import type { DecodePool } from "./pool.ts";
import { type Piece, RangeFiller } from "./range_filler.ts";
import { cutGroups, type Group, type Place, type Task } from "./tasks.ts";

/** What decodes. */
type Decoding = Pick<DecodePool, "size" | "run">;

/**
 * Groups under way for every worker: one that it decodes, and what it goes on with. More only fill the cores' cache.
 */
const GROUPS_AHEAD = 2;
/** What a group sends back at most, single pages apart: much more at once sets off garbage collections. */
const SENT_BYTES = 32 * 2 ** 20;

/**
 * Streams ranges that workers decode, in order.
 *
 * @param store the rows
 * @param pool the workers
 * @param ranges what to deliver, a block each
 * @param readAhead bytes that jobs under way and results not yet delivered may take
 */
export async function* streamThroughWorkers(
  store: PartsToDecode,
  pool: Decoding,
  ranges: Iterable<RowRange>,
  readAhead: number,
  signal?: AbortSignal,
): AsyncGenerator<RowBlock> {
  const wanted = [...ranges];
  const pieces = decodePieces(store, pool, wanted, readAhead, signal);
  try {
    for (const range of wanted) {
      const filler = new RangeFiller(range, store.width, store.buffers);
      while (!filler.full) filler.add((await pieces.next()).value as Piece);
      yield filler.take();
    }
  } finally {
    await pieces.return(undefined);
  }
}

/** A group that workers decode, or that waits for this thread. */
interface Begun {
  group: Group;
  reply?: Promise<DecodeReply>;
}

async function* decodePieces(
  store: PartsToDecode,
  pool: Decoding,
  ranges: readonly RowRange[],
  readAhead: number,
  signal?: AbortSignal,
): AsyncGenerator<Piece> {
  const groups = cutGroups(store, ranges, mostBytes(store, pool, ranges));
  const queue: Begun[] = [];
  let ended = false;
  let cost = 0;
  try {
    while (true) {
      // Always one group, however large; more as far as memory and workers go.
      while (
        !ended && (queue.length === 0 ||
          (cost < readAhead && queue.length < GROUPS_AHEAD * pool.size))
      ) {
        const next = await groups.next();
        if (next.done) ended = true;
        else {
          cost += next.value.cost;
          queue.push(begin(store, next.value, pool, signal));
        }
      }
      const begun = queue.shift();
      if (begun === undefined) return;
      signal?.throwIfAborted();
      yield* finish(store, begun);
      cost -= begun.group.cost;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    for (const { reply } of queue) reply?.catch(() => undefined);
  }
}

// As much as leaves every worker something to do, in the memory there is.
function mostBytes(
  { readAhead, width }: PartsToDecode,
  { size }: Decoding,
  ranges: readonly RowRange[],
): number {
  const rows = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const share = rows * width * 4 / (2 * size);
  return Math.min(SENT_BYTES, readAhead / (size + 1), share);
}

function begin(
  store: PartsToDecode,
  group: Group,
  pool: Decoding,
  signal?: AbortSignal,
): Begun {
  const jobs = group.tasks.map(({ job }) => job);
  if (!jobs.every((job) => job !== undefined)) return { group };
  const slices = group.tasks.map((task) => slicesOf(group, task, store.width));
  const reply = Promise.all(
    jobs.map(async (job, i): Promise<DecodeJob> => ({
      spec: job.spec,
      from: await bytesOf(group.tasks[i], job, signal),
      slices: slices[i],
    })),
  ).then((jobs) => {
    const buffers = group.places.map((place) => bufferFor(place, store));
    return pool.run({ jobs, buffers });
  });
  // It is looked at in its turn; until then, a failure is no unhandled one.
  reply.catch(() => undefined);
  return { group, reply };
}

// Buffers of a group's ends differ in size: of few sizes, one does for another.
function bufferFor(
  { rows, home }: Place,
  { width, buffers }: PartsToDecode,
): Float32Array<ArrayBuffer> {
  const floats = rows * width;
  return buffers.take(home ? floats : 2 ** Math.ceil(Math.log2(floats)));
}

async function bytesOf(
  { at: { part, place } }: Task,
  { spec, source }: PartJob,
  signal?: AbortSignal,
): Promise<DecodeJob["from"]> {
  if (source.localPath !== undefined) return { path: source.localPath };
  const fetched = () => fetchPages(source, spec, signal);
  return { pieces: await placed(place, part, fetched) };
}

function slicesOf({ places }: Group, task: RowRange, width: number): Slice[] {
  return places.flatMap((place, buffer) => {
    const start = Math.max(task.start, place.start);
    const end = Math.min(task.end, place.end);
    if (start >= end) return [];
    return [{ rows: end - start, buffer, at: (start - place.from) * width }];
  });
}

async function* finish(
  store: PartsToDecode,
  { group, reply }: Begun,
): AsyncGenerator<Piece> {
  const regular = group.tasks.every(({ at }) => !at.part.irregular);
  const answer = regular ? await reply : undefined;
  for (const [i, task] of group.tasks.entries()) {
    const outcome = answer?.outcomes[i];
    const bad = outcome === undefined
      ? undefined
      : await badRows(task, outcome);
    yield* bad === undefined
      ? readHere(store, group, task)
      : decoded(store, group, task, answer!.buffers, bad);
  }
}

// Rows of no use, or nothing where the part has to be read in this thread.
async function badRows(
  { at: { part, place } }: Task,
  outcome: DecodeOutcome,
): Promise<number[] | undefined> {
  if ("bad" in outcome) return outcome.bad;
  if ("irregular" in outcome) {
    part.beIrregular?.();
    return undefined;
  }
  const { kind, error } = outcome;
  return await placed(place, part, () => {
    throw kind === undefined ? new Error(error) : new DbksvdError(kind, error);
  });
}

async function* decoded(
  store: PartsToDecode,
  group: Group,
  task: Task,
  buffers: readonly Float32Array<ArrayBuffer>[],
  bad: readonly number[],
): AsyncGenerator<Piece> {
  const { width } = store;
  let start = task.start;
  for (const { rows, buffer, at } of slicesOf(group, task, width)) {
    const end = start + rows;
    const data = buffers[buffer];
    const values = data.subarray(at, at + rows * width);
    const faults: Fault[] = [];
    for (const row of bad) {
      const within = task.start + row - start;
      if (within < 0 || within >= rows) continue;
      const why = whyNonFinite(values, within, width, task.at.part.element);
      faults.push({ row: task.start + row - task.at.firstRow, why });
    }
    const range = withinPart(task, { start, end });
    const dropped = await store.judge(task.at, range, values, faults);
    const { home, end: stop } = group.places[buffer];
    yield { start, end, data, at, home, last: end === stop, dropped };
    start = end;
  }
}

async function* readHere(
  store: PartsToDecode,
  group: Group,
  task: Task,
): AsyncGenerator<Piece> {
  const { width } = store;
  const { at: { part, place } } = task;
  const range = withinPart(task, task);
  const data = store.buffers.take((task.end - task.start) * width);
  const faults = await placed(place, part, () => part.read(range, data));
  const dropped = await store.judge(task.at, range, data, faults);
  let start = task.start;
  for (const { rows, buffer } of slicesOf(group, task, width)) {
    const end = start + rows;
    const whole = group.places[buffer];
    yield {
      start,
      end,
      data,
      at: (start - task.start) * width,
      home: whole.home && rows === whole.rows && data.length === rows * width,
      last: end === task.end,
      dropped: dropped.filter((row) => row >= start && row < end),
    };
    start = end;
  }
}

function withinPart({ at: { firstRow } }: Task, { start, end }: RowRange) {
  return { start: start - firstRow, end: end - firstRow };
}
