import { type Checksums, checksumsOf } from "./checksums.ts";
import {
  type Findings,
  type FoundInput,
  type InputPlaces,
  missingBecause,
  type MissingInput,
} from "./inputs.ts";
import { isUrl } from "./paths.ts";
import { settledInputs } from "./settle.ts";
import type { Store } from "./database.ts";

/** A line of the manifest: one content that one path had. */
export interface FileRecord {
  id: number;
  path: string;
  /** `taken`: its rows have entered; `superseded`: the path has a newer line. */
  state: "taken" | "refused" | "duplicate" | "superseded";
  size: number;
  stamp: string;
  checksum: string;
  footer: string;
  /** Rows of the file that are of use. */
  rows: number;
  /** Those of them never trained on. */
  held_out: number;
  /** Rows that filters left out. */
  dropped: number;
  reason: string | null;
  run: number;
  seen: string;
  /** When its content was looked at, in ms; null in lines of version 0.1.0. */
  looked: number | null;
  vanished: string | null;
}

/** An input that this run is to take. */
export interface NewInput extends FoundInput, Checksums {
  /** When it was looked at, in ms. */
  looked: number;
  /** The line that it takes the place of: an older content of the same path. */
  replaces?: number | undefined;
}

/** What the inputs are now against what the manifest says. */
export interface ManifestDiff {
  fresh: NewInput[];
  /** New paths whose content has been taken under another name. */
  duplicates: (NewInput & { original: string })[];
  /** Taken paths whose content is another now and is not taken again. */
  changed: string[];
  /** Taken paths that changed so soon that they cannot have been finished: they are taken again. */
  retaken: string[];
  /** New or changed paths that are still being written: they are left alone this time. */
  unsettled: string[];
  /** What could not be seen. */
  missing: MissingInput[];
  /** Paths that are gone since the last look. */
  vanished: FileRecord[];
  /** Paths that are back. */
  returned: FileRecord[];
  /** Same content under a new date. */
  touched: { id: number; size: number; stamp: string }[];
  unchanged: number;
}

/** How inputs are compared with the manifest. */
export interface CompareOptions
  extends Pick<InputPlaces, "signal" | "retry" | "onNotice"> {
  changedFiles: "ignore" | "train";
  /** Seconds that a file may not have changed. */
  settle: number;
  /** Whether files that were refused are looked at again, though they are the same. */
  retryRefused: boolean;
  /** Called where files are waited for. */
  onWait?(ms: number, paths: string[]): void;
}

/** Compares the inputs with the manifest; only contents that are not known by size and date are read. */
export async function compareManifest(
  store: Store,
  { found, missing }: Findings,
  options: CompareOptions,
): Promise<ManifestDiff> {
  const known = new Map(
    store.all<FileRecord>(
      "SELECT * FROM files WHERE state != 'superseded' ORDER BY id",
    ).map((file) => [file.path, file]),
  );
  const diff: ManifestDiff = {
    fresh: [],
    duplicates: [],
    changed: [],
    retaken: [],
    unsettled: [],
    missing: [...missing],
    vanished: [],
    returned: [],
    touched: [],
    unchanged: 0,
  };
  const contents = new Map<string, string>();
  for (const file of known.values()) {
    if (file.state === "taken") contents.set(file.checksum, file.path);
  }
  const other: FoundInput[] = [];
  for (const input of found) {
    const file = known.get(input.path);
    if (file?.vanished) diff.returned.push(file);
    const isKnown = file !== undefined && !isRetried(file, options);
    if (isKnown && isSame(file, input)) diff.unchanged++;
    else other.push(input);
  }
  const { settled, unsettled } = await settledInputs(
    other,
    options.settle,
    options,
  );
  diff.unsettled = unsettled.map(({ path }) => path);
  for (const input of settled) {
    const looked = Date.now();
    const sums = await checksumsOf(input, options).catch((error) => {
      options.signal?.throwIfAborted();
      diff.missing.push({ path: input.path, ...missingBecause(error) });
    });
    if (sums === undefined) continue;
    const file = known.get(input.path);
    sort(diff, { ...input, ...sums, looked }, file, contents, options);
  }
  const present = new Set([...found, ...diff.missing].map(({ path }) => path));
  for (const file of known.values()) {
    if (present.has(file.path) || file.vanished) continue;
    if (!mayBeHidden(file.path, diff.missing)) diff.vanished.push(file);
  }
  return diff;
}

// Whether a file may be there unseen: the hub, a bucket, or a folder, cannot be asked now.
function mayBeHidden(path: string, missing: readonly MissingInput[]): boolean {
  return missing.some((input) =>
    input.kind === "unreachable" && !/^https?:/.test(input.path) &&
    isUrl(input.path) === isUrl(path)
  );
}

// What has no date and no version is only known by reading it.
function isSame(file: FileRecord, { size, stamp }: FoundInput): boolean {
  return stamp !== "" && file.size === size && file.stamp === stamp;
}

function isRetried(
  { state }: FileRecord,
  { retryRefused }: CompareOptions,
): boolean {
  return state === "refused" && retryRefused;
}

function sort(
  diff: ManifestDiff,
  input: NewInput,
  file: FileRecord | undefined,
  contents: Map<string, string>,
  options: CompareOptions,
) {
  if (file?.checksum === input.checksum && !isRetried(file, options)) {
    diff.touched.push({ id: file.id, size: input.size, stamp: input.stamp });
    return;
  }
  if (file?.state === "taken" && options.changedFiles === "ignore") {
    if (!isSoonAfter(file, input, options.settle)) {
      diff.changed.push(input.path);
      return;
    }
    diff.retaken.push(input.path);
  }
  input.replaces = file?.id;
  const original = contents.get(input.checksum);
  if (original !== undefined) {
    diff.duplicates.push({ ...input, original });
    return;
  }
  contents.set(input.checksum, input.path);
  diff.fresh.push(input);
}

// Whether a local file changed within `settle` of being taken: its writer had not finished then.
function isSoonAfter(
  { looked }: FileRecord,
  { location, stamp }: FoundInput,
  settle: number,
): boolean {
  return looked !== null && typeof location === "string" &&
    Math.abs(Number(stamp) - looked) < 1000 * settle;
}

/** What became of one input, to be written down. */
export interface FileOutcome {
  input: NewInput;
  state: "taken" | "refused" | "duplicate";
  rows?: number;
  heldOut?: number;
  dropped?: number;
  reason?: string;
}

/**
 * Writes what a run found into the manifest; to be called within its transaction. Returns the new lines' ids by path.
 */
export function recordManifest(
  store: Store,
  run: number,
  diff: ManifestDiff,
  outcomes: readonly FileOutcome[],
  now: string,
): Map<string, number> {
  const ids = new Map<string, number>();
  for (const { id, size, stamp } of diff.touched) {
    store.run("UPDATE files SET size = :size, stamp = :stamp WHERE id = :id", {
      id,
      size,
      stamp,
    });
  }
  for (const { id } of diff.returned) {
    store.run("UPDATE files SET vanished = NULL WHERE id = :id", { id });
  }
  for (const { id } of diff.vanished) {
    store.run("UPDATE files SET vanished = :now WHERE id = :id", { id, now });
  }
  for (const { input, state, rows, heldOut, dropped, reason } of outcomes) {
    if (input.replaces !== undefined) supersede(store, input.replaces);
    const id = store.run(
      `INSERT INTO files (path, state, size, stamp, checksum, footer, rows,
         held_out, dropped, reason, run, seen, looked)
       VALUES (:path, :state, :size, :stamp, :checksum, :footer, :rows,
         :heldOut, :dropped, :reason, :run, :now, :looked)`,
      {
        path: input.path,
        state,
        size: input.size,
        stamp: input.stamp,
        checksum: input.checksum,
        footer: input.footer,
        rows: rows ?? 0,
        heldOut: heldOut ?? 0,
        dropped: dropped ?? 0,
        reason,
        run,
        now,
        looked: input.looked,
      },
    );
    ids.set(input.path, id);
  }
  return ids;
}

/**
 * An old content's held-out and pending rows go with it: its new content is neither judged by them nor joined to
 * them.
 */
export function supersede(store: Store, id: number) {
  store.run("UPDATE files SET state = 'superseded' WHERE id = :id", { id });
  store.run("DELETE FROM held_out WHERE file = :id", { id });
  store.run("DELETE FROM pending WHERE file = :id", { id });
}
