import type { PipelineRun } from "./run_record.ts";
import { basename } from "node:path";
import { flushDirectory } from "../files/atomic.ts";
import type { Admission } from "./admit.ts";
import type { Candidate } from "./candidate_record.ts";
import type { RunContext } from "./context.ts";
import type { MissingInput } from "./inputs.ts";
import {
  type FileOutcome,
  type ManifestDiff,
  recordManifest,
} from "./manifest.ts";
import { enqueue } from "./notify.ts";
import { pendingFiles, pendingRows, ROWS_AN_ATOM } from "./pending.ts";
import { rowsFile } from "./places.ts";
import { presentReservoir } from "./replay.ts";
import {
  recordDrop,
  recordJudged,
  recordMissing,
  recordPending,
  recordReservoir,
  recordRun,
  recordVersion,
} from "./record.ts";
import { recordRefusing } from "./reading.ts";
import { mergeReservoir } from "./reservoir.ts";
import { currentVersion } from "./versions.ts";

/** What a run found and made. */
export interface RunFindings {
  diff: ManifestDiff;
  admission: Admission;
  candidate?: Candidate | undefined;
  /** `performance.now()` at its start. */
  started: number;
}

/**
 * Makes the run count: manifest, rows, version, metrics and notifications enter the database in one transaction.
 * Before it nothing has happened, after it everything has; files it no longer names are cleared away later.
 */
export async function commitRun(
  context: RunContext,
  findings: RunFindings,
): Promise<PipelineRun> {
  const { store, run, watch } = context;
  const { admission, candidate } = findings;
  const reservoir = candidate?.verdict.quarantine === false
    ? await nextReservoir(context, admission)
    : undefined;
  const waits = outcomeOf(findings) === "pending";
  if (waits) await keepPending(context, admission);
  const now = watch.now();
  return store.transaction(() => {
    const outcomes = outcomesOf(findings);
    const ids = recordManifest(
      store,
      run,
      findings.diff,
      outcomes,
      now.toISOString(),
    );
    recordRefusing(store, context.settings);
    recordMissing(context, missingOf(findings), now.toISOString());
    if (candidate !== undefined || waits) recordDrop(context, admission, ids);
    if (waits) recordPending(context, admission, ids, now.toISOString());
    if (candidate !== undefined) {
      recordVersion(context, candidate, now.toISOString());
      for (const { path, file } of admission.earlier) ids.set(path, file);
      if (reservoir !== undefined) recordReservoir(context, reservoir, ids);
      recordJudged(context, admission, candidate.verdict, now.toISOString());
    }
    const result = resultOf(context, findings);
    recordRun(context, result, candidate?.parent, now.toISOString());
    tellOutside(context, result, now);
    return result;
  });
}

async function keepPending({ places, run }: RunContext, { kept }: Admission) {
  await Deno.rename(kept, rowsFile(places.pending, run));
  await flushDirectory(places.pending);
}

function missingOf({ diff, admission }: RunFindings): MissingInput[] {
  return [...diff.missing, ...admission.missing];
}

async function nextReservoir(context: RunContext, admission: Admission) {
  const { store, places, run } = context;
  const { width, draw, spool, superseded } = admission;
  const present = presentReservoir(store, places.reservoir, superseded);
  const path = rowsFile(places.reservoir, run);
  const rows = await mergeReservoir({ ...present, width }, draw, spool, path);
  return { rows, name: basename(path) };
}

function outcomesOf({ diff, admission }: RunFindings): FileOutcome[] {
  return [
    ...admission.taken.map((file): FileOutcome => ({
      input: file.input,
      state: "taken",
      rows: file.rows,
      heldOut: file.heldOut,
      dropped: file.fileRows - file.rows,
    })),
    ...admission.refused,
    ...diff.duplicates.map((input): FileOutcome => ({
      input,
      state: "duplicate",
      reason: `its content is that of ${input.original}`,
    })),
  ];
}

function resultOf(
  context: RunContext,
  findings: RunFindings,
): PipelineRun {
  const { store, run } = context;
  const { diff, admission, candidate, started } = findings;
  const promoted = candidate?.verdict.promote;
  const refused = admission.refused.map(({ input, reason }) => ({
    path: input.path,
    reason: reason ?? "",
  }));
  const missing = missingOf(findings);
  const waiting = pendingRows(pendingFiles(store));
  return {
    run,
    outcome: outcomeOf(findings),
    version: candidate?.version,
    current: currentVersion(store),
    reason: reasonOf(context, findings, waiting),
    quarantined: candidate?.verdict.quarantine ?? false,
    files: {
      taken: admission.taken.map(({ input }) => input.path),
      refused,
      duplicates: diff.duplicates.map(({ path, original }) => ({
        path,
        original,
      })),
      changed: diff.changed,
      retaken: diff.retaken,
      unsettled: [...diff.unsettled, ...admission.unsettled],
      vanished: diff.vanished.map(({ path }) => path),
      missing,
      unchanged: diff.unchanged,
    },
    rows: {
      new: admission.newRows,
      heldOut: admission.heldOutRows,
      pending: waiting,
      waited: candidate === undefined ? 0 : pendingRows(admission.earlier),
      replayed: candidate?.replayedRows ?? 0,
      visits: candidate?.rowVisits ?? 0,
    },
    metrics: candidate && {
      candidate: candidate.candidate.all,
      current: promoted ? candidate.candidate.all : candidate.current?.all,
      previous: candidate.current?.all,
    },
    drift: candidate?.drift && {
      mean: candidate.drift.mean,
      max: candidate.drift.max,
      replaced: candidate.drift.replaced,
    },
    seconds: (performance.now() - started) / 1000,
    exitCode: exitCodeOf(missing, refused.length),
  };
}

function exitCodeOf(missing: readonly MissingInput[], refused: number): number {
  if (missing.some(({ kind }) => kind === "unreachable")) return 1;
  return missing.length > 0 || refused > 0 ? 3 : 0;
}

function outcomeOf({ admission, candidate }: RunFindings) {
  if (candidate !== undefined) {
    return candidate.verdict.promote ? "promoted" : "kept";
  }
  const { newRows, heldOutRows } = admission;
  return newRows + heldOutRows > 0 ? "pending" : "nothing";
}

// Why it came out so, and what was left out; that nothing is new is said only where all was seen.
function reasonOf(
  { settings }: RunContext,
  findings: RunFindings,
  waiting: number,
): string {
  const { candidate } = findings;
  const needed = ROWS_AN_ATOM * settings.train.atoms;
  const rows = waiting === 1 ? "row waits" : "rows wait";
  const parts = [
    candidate?.verdict.reason ??
      (waiting === 0
        ? undefined
        : `${waiting} ${rows} until there are ${needed}, ${ROWS_AN_ATOM} an atom`),
    ...leftOut(findings),
  ].filter((part) => part !== undefined);
  return parts.join("; ") || "there are no new rows";
}

function leftOut({ diff, admission }: RunFindings) {
  const unseen = diff.missing.length + admission.missing.length;
  const unsettled = diff.unsettled.length + admission.unsettled.length;
  const refused = admission.refused.length;
  return [
    unseen === 0 ? undefined : `${unseen} of the inputs could not be seen`,
    unsettled === 0
      ? undefined
      : `${unsettled} of the files are still being written`,
    refused === 0 ? undefined : `${refused} of the files cannot be read`,
  ];
}

function tellOutside(
  { store, settings }: RunContext,
  result: PipelineRun,
  now: Date,
) {
  const { run, outcome, version, reason, files, metrics } = result;
  const base = { pipeline: settings.name, run, version, reason };
  const { webhooks } = settings;
  if (outcome === "promoted") {
    const fvu = metrics?.candidate.fvu;
    enqueue(store, webhooks, "promotion", { ...base, fvu }, now);
  }
  if (outcome === "kept") enqueue(store, webhooks, "kept", base, now);
  if (files.missing.length > 0) {
    const reason = `${files.missing.length} inputs are missing`;
    const kind = files.missing.some(({ kind }) => kind === "unreachable")
      ? "run"
      : "data";
    const details = { ...base, kind, reason, inputs: files.missing };
    enqueue(store, webhooks, "failure", details, now);
  }
  if (files.refused.length > 0) {
    const details = { pipeline: settings.name, run, files: files.refused };
    enqueue(store, webhooks, "refused", details, now);
  }
}
