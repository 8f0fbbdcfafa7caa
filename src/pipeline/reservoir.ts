import { type RandomStream, randomStream } from "../random.ts";
import { readStoredRows, StoredRowsWriter } from "./stored_rows.ts";

/** Where a row of the reservoir comes from, and the key that keeps it there. */
export interface ReservoirRow<File> {
  file: File;
  row: number;
  key: number;
}

/** A row that the reservoir may take, and where the run has put it by. */
interface Candidate extends ReservoirRow<string> {
  place: number;
}

/**
 * The rows of one run's drop that the reservoir may take. The reservoir is a uniform sample without replacement of all
 * rows ever offered: each row draws a key from its file's stream, and the rows with the smallest keys stay (bottom-k
 * sampling), whatever the order in which they came.
 */
export class ReservoirDraw {
  #candidates: Candidate[] = [];
  #accepted = 0;
  #acceptedSpool = 0;
  #threshold: number;
  #file = "";
  #keys: RandomStream;
  #drawn = 0;

  /**
   * @param spool where offered rows are put by
   * @param capacity rows that the reservoir holds
   * @param threshold the largest key in a full reservoir, else Infinity
   */
  constructor(
    readonly spool: StoredRowsWriter,
    readonly capacity: number,
    threshold: number,
    readonly seed: number,
  ) {
    this.#threshold = capacity === 0 ? 0 : threshold;
    this.#keys = randomStream(seed, "reservoir");
  }

  /** Begins a file's rows. */
  begin(file: string): void {
    this.#file = file;
    this.#keys = randomStream(this.seed, "reservoir", file);
    this.#drawn = 0;
  }

  /** Offers a row; rows of a file come in ascending order. */
  async offer(row: number, data: Float32Array): Promise<void> {
    let key = Infinity;
    for (; this.#drawn <= row; this.#drawn++) key = this.#keys.uniform();
    if (key >= this.#threshold) return;
    const place = this.spool.rows;
    await this.spool.append(data);
    this.#candidates.push({ file: this.#file, row, key, place });
  }

  /** Keeps the file's rows. */
  accept(): void {
    if (this.#candidates.length > 2 * this.capacity) {
      this.#candidates.sort(byKey).length = this.capacity;
      this.#threshold = this.#candidates[this.capacity - 1].key;
    }
    this.#accepted = this.#candidates.length;
    this.#acceptedSpool = this.spool.rows;
  }

  /** Takes the file's rows back. */
  async reject(): Promise<void> {
    this.#candidates.length = this.#accepted;
    await this.spool.truncate(this.#acceptedSpool);
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }
}

/** A row of the reservoir as the database has it. */
export interface ReservoirSlot extends ReservoirRow<number> {
  slot: number;
}

/**
 * Writes the reservoir that follows from the present one and a run's draw.
 *
 * @param present the slots and their file, of `width` values a row
 * @param draw the run's candidates, their spool at `spoolPath` closed
 * @param path the new file
 * @returns the new slots' rows in order: those of the draw name their file by path
 */
export async function mergeReservoir(
  present: {
    slots: readonly ReservoirSlot[];
    path?: string | undefined;
    width: number;
  },
  draw: ReservoirDraw,
  spoolPath: string,
  path: string,
): Promise<ReservoirRow<number | string>[]> {
  const stay = present.slots.map((slot) => ({ ...slot, place: slot.slot }));
  const chosen = new Set(
    [...stay, ...draw.candidates].sort(byKey).slice(0, draw.capacity),
  );
  const { width } = present;
  const rows: ReservoirRow<number | string>[] = [];
  using writer = await StoredRowsWriter.create(path, width);
  const parts: [string | undefined, (Candidate | typeof stay[number])[]][] = [
    [present.path, stay],
    [spoolPath, [...draw.candidates]],
  ];
  for (const [from, places] of parts) {
    const kept = places.filter((row) => chosen.has(row))
      .sort((a, b) => a.place - b.place);
    for (const run of consecutive(kept.map(({ place }) => place))) {
      await writer.append(await readStoredRows(from!, width, run));
    }
    rows.push(...kept.map(({ file, row, key }) => ({ file, row, key })));
  }
  await writer.close();
  return rows;
}

const RUN_ROWS = 4096;

/** Ascending places as runs of neighbours, none too long to hold in memory. */
function* consecutive(places: readonly number[]) {
  let first = 0;
  for (let i = 1; i <= places.length; i++) {
    const breaks = i === places.length || places[i] !== places[i - 1] + 1 ||
      i - first === RUN_ROWS;
    if (!breaks) continue;
    yield { start: places[first], end: places[i - 1] + 1 };
    first = i;
  }
}

function byKey(
  a: ReservoirRow<number | string>,
  b: ReservoirRow<number | string>,
): number {
  if (a.key !== b.key) return a.key - b.key;
  const [fileA, fileB] = [String(a.file), String(b.file)];
  return fileA === fileB ? a.row - b.row : fileA < fileB ? -1 : 1;
}
