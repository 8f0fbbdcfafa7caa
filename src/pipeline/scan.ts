import { type Admission, trainableRows } from "./admit.ts";
import type { RunContext } from "./context.ts";
import type { Known } from "./drop_rows.ts";
import { requireFixed } from "./fixed_parts.ts";
import { factOf } from "./facts.ts";
import { findInputs } from "./inputs.ts";
import { compareManifest, type ManifestDiff } from "./manifest.ts";
import { isOverdue, pendingFiles, ROWS_AN_ATOM } from "./pending.ts";
import { largestKey } from "./replay.ts";
import { mayReadRefused } from "./reading.ts";
import { currentVersion } from "./versions.ts";

/** The inputs against the manifest; what is only ever evaluated on is no input. */
export async function scan(context: RunContext): Promise<ManifestDiff> {
  const { settings, store, watch } = context;
  const { signal, retry, onNotice } = context;
  const { base, root, settle, changedFiles } = settings;
  const places = { base, root, signal, retry, onNotice };
  const { found, missing } = await findInputs(settings.inputs, places);
  context.fixed = await findInputs(settings.evaluation.inputs, places);
  const apart = new Set(context.fixed.found.map(({ path }) => path));
  const inputs = found.filter(({ path }) => !apart.has(path));
  const all = [...missing, ...context.fixed.missing];
  const diff = await compareManifest(store, { found: inputs, missing: all }, {
    changedFiles,
    settle,
    retryRefused: mayReadRefused(store, settings),
    signal,
    retry,
    onNotice,
    onWait: (ms, paths) =>
      watch.tell("info", "files.settling", { seconds: ms / 1000, paths }),
  });
  for (const input of diff.missing) {
    watch.tell("warn", "input.missing", { ...input });
  }
  if (diff.fresh.length > 0) requireFixed(context.fixed);
  return diff;
}

/** What an admission goes by, as the pipeline stands. */
export function knownOf({ store, settings, watch }: RunContext): Known {
  const width = factOf(store, "width");
  const pending = pendingFiles(store);
  const { atoms } = settings.train;
  return {
    width: width === undefined ? undefined : Number(width),
    threshold: largestKey(store, settings.reservoir.rows),
    pending,
    // The first version is judged by nothing, and needs a row an atom to begin from.
    fewRows: currentVersion(store) === undefined
      ? atoms
      : isOverdue(pending, watch.now())
      ? 1
      : ROWS_AN_ATOM * atoms,
  };
}

/** Whether there are rows enough to train on and judge by. */
export function isTrainable(admission: Admission, { fewRows }: Known): boolean {
  const rows = trainableRows(admission);
  const allKept = admission.taken.every(({ rows, heldOut, kept }) =>
    (kept?.numbers.length ?? 0) === rows - heldOut
  );
  return rows >= fewRows || rows > 0 && !allKept;
}
