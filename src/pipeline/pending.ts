import { RowBits } from "../rows/row_set.ts";
import type { MixedPart } from "./mixed_source.ts";
import { type PipelinePlaces, rowsFile } from "./places.ts";
import type { ReservoirDraw } from "./reservoir.ts";
import type { Store } from "./database.ts";
import { readStoredRows, storedRows } from "./stored_rows.ts";

/** With fewer new rows an atom than this, a candidate would be fitted to chance: such rows wait for more. */
export const ROWS_AN_ATOM = 10;
/** Rows that have waited this long are trained on, with replay, however few they are. */
export const LONGEST_WAIT_DAYS = 30;

/** A file that was taken, whose rows wait to be trained on. */
export interface PendingFile {
  file: number;
  path: string;
  checksum: string;
  /** Bytes of the file. */
  size: number;
  /** The run that took it. */
  run: number;
  /** Its place in that run's file under `pending`. */
  offset: number;
  rows: number;
  /** Its rows' numbers in the file that they came from. */
  numbers: Float64Array;
  since: string;
}

/** The files whose rows wait; those in quarantine wait for `release`. */
export function pendingFiles(
  store: Store,
  superseded: ReadonlySet<number> = new Set(),
): PendingFile[] {
  return store.all<Omit<PendingFile, "numbers"> & { numbers: Uint8Array }>(
    `SELECT p.file, f.path, f.checksum, f.size, p.run, p.offset, p.rows, p.numbers, p.since
     FROM pending p JOIN files f ON f.id = p.file JOIN drops d ON d.run = p.run
     WHERE d.quarantined = 0 ORDER BY p.run, p.offset`,
  ).filter(({ file }) => !superseded.has(file)).map((file) => ({
    ...file,
    numbers: new Float64Array(file.numbers.slice().buffer),
  }));
}

/** Their rows in all. */
export function pendingRows(files: readonly PendingFile[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}

/** Whether any has waited for as long as rows may. */
export function isOverdue(files: readonly PendingFile[], now: Date): boolean {
  const days = (since: string) =>
    (now.getTime() - Date.parse(since)) / 86_400_000;
  return files.some(({ since }) => days(since) >= LONGEST_WAIT_DAYS);
}

/** The waiting rows as parts of a mixture, one for each run that took them. */
export function pendingParts(
  files: readonly PendingFile[],
  places: PipelinePlaces,
  width: number,
): MixedPart[] {
  return [...new Set(files.map(({ run }) => run))].map((run) => {
    const own = files.filter((file) => file.run === run);
    const end = Math.max(...own.map(({ offset, rows }) => offset + rows));
    const only = new RowBits(end);
    for (const { offset, rows } of own) {
      for (let row = offset; row < offset + rows; row++) only.add(row);
    }
    const source = storedRows(rowsFile(places.pending, run), width, end);
    return { source, only, rows: pendingRows(own) };
  });
}

/** Offers the waiting rows to the reservoir, as they would have been offered by their own run. */
export async function offerPending(
  files: readonly PendingFile[],
  places: PipelinePlaces,
  width: number,
  draw: ReservoirDraw,
): Promise<void> {
  for (const { path, run, offset, rows, numbers } of files) {
    const range = { start: offset, end: offset + rows };
    const data = await readStoredRows(
      rowsFile(places.pending, run),
      width,
      range,
    );
    draw.begin(path);
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * width, (i + 1) * width);
      await draw.offer(numbers[i], row);
    }
    draw.accept();
  }
}
