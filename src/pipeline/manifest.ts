import {
  type Checksums,
  checksumsOf,
  type FoundInput,
  type LostInput,
} from "./inputs.ts";
import type { Store } from "./store.ts";

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
  vanished: string | null;
}

/** An input that this run is to take. */
export interface NewInput extends FoundInput, Checksums {
  /** The line that it takes the place of: an older content of the same path. */
  replaces?: number;
}

/** What the inputs are now against what the manifest says. */
export interface ManifestDiff {
  fresh: NewInput[];
  /** New paths whose content has been taken under another name. */
  duplicates: (NewInput & { original: string })[];
  /** Taken paths whose content is another now and is not taken again. */
  changed: string[];
  /** Paths that are gone since the last look. */
  vanished: FileRecord[];
  /** Paths that are back. */
  returned: FileRecord[];
  /** Same content under a new date. */
  touched: { id: number; size: number; stamp: string }[];
  unchanged: number;
}

/** Compares the inputs with the manifest; only contents that are not known by size and date are read. */
export async function compareManifest(
  store: Store,
  found: readonly FoundInput[],
  lost: readonly LostInput[],
  options: { changedFiles: "ignore" | "train"; signal?: AbortSignal },
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
    vanished: [],
    returned: [],
    touched: [],
    unchanged: 0,
  };
  const contents = new Map<string, string>();
  for (const file of known.values()) {
    if (file.state === "taken") contents.set(file.checksum, file.path);
  }
  const present = new Set(lost.map(({ path }) => path));
  for (const input of found) {
    present.add(input.path);
    const file = known.get(input.path);
    if (file?.vanished) diff.returned.push(file);
    if (file && file.size === input.size && file.stamp === input.stamp) {
      diff.unchanged++;
      continue;
    }
    const sums = await checksumsOf(input, options.signal);
    sort(diff, { ...input, ...sums }, file, contents, options.changedFiles);
  }
  for (const file of known.values()) {
    if (!present.has(file.path) && !file.vanished) diff.vanished.push(file);
  }
  return diff;
}

function sort(
  diff: ManifestDiff,
  input: NewInput,
  file: FileRecord | undefined,
  contents: Map<string, string>,
  changedFiles: "ignore" | "train",
) {
  if (file?.checksum === input.checksum) {
    diff.touched.push({ id: file.id, size: input.size, stamp: input.stamp });
    return;
  }
  if (file?.state === "taken" && changedFiles === "ignore") {
    diff.changed.push(input.path);
    return;
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

/** What became of one input, to be written down. */
export interface FileOutcome {
  input: NewInput;
  state: "taken" | "refused" | "duplicate";
  rows?: number;
  heldOut?: number;
  dropped?: number;
  reason?: string;
}

/** Writes what a run found into the manifest; to be called within its transaction. Returns the new lines' ids by path. */
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
         held_out, dropped, reason, run, seen)
       VALUES (:path, :state, :size, :stamp, :checksum, :footer, :rows,
         :heldOut, :dropped, :reason, :run, :now)`,
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
      },
    );
    ids.set(input.path, id);
  }
  return ids;
}

/** An old content's held-out rows go with it, so that its new content is not judged by rows it may hold. */
function supersede(store: Store, id: number) {
  store.run("UPDATE files SET state = 'superseded' WHERE id = :id", { id });
  store.run("DELETE FROM held_out WHERE file = :id", { id });
}
