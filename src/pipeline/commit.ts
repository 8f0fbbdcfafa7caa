import { basename } from "node:path";
import type { Admission } from "./admit.ts";
import type { Candidate } from "./candidate.ts";
import type { RunContext } from "./context.ts";
import type { Scores } from "./evaluate.ts";
import {
  type FileOutcome,
  type ManifestDiff,
  recordManifest,
} from "./manifest.ts";
import { enqueue } from "./notify.ts";
import { rowsFile } from "./places.ts";
import { presentReservoir } from "./replay.ts";
import {
  recordDrop,
  recordReservoir,
  recordRun,
  recordVersion,
} from "./record.ts";
import { mergeReservoir } from "./reservoir.ts";
import { currentVersion } from "./versions.ts";

/** What a run did: what `pipeline run --json` prints. */
export interface PipelineRun {
  /** The run's number. */
  run: number;
  /** `promoted`: there is a new version; `kept`: the candidate was worse, the old version stays; `nothing`: no new rows. */
  outcome: "promoted" | "kept" | "nothing";
  /** The version that this run made. */
  version?: string;
  /** The version that is current now. */
  current?: string;
  /** Why, in words. */
  reason: string;
  /** The new rows are at fault: they are never replayed, and count in no later judgement. */
  quarantined: boolean;
  /** What became of the inputs. */
  files: {
    taken: string[];
    refused: { path: string; reason: string }[];
    duplicates: { path: string; original: string }[];
    /** Taken before, and changed since: not taken again. */
    changed: string[];
    vanished: string[];
    unchanged: number;
  };
  /** How many rows, by what was done with them. */
  rows: {
    /** Rows that entered, held-out ones apart. */
    new: number;
    heldOut: number;
    /** Rows of the reservoir trained on again. */
    replayed: number;
    /** Rows given to the training over all its passes. */
    visits: number;
  };
  /** On the held-out rows; `current`: the version that is current after the run. */
  metrics?: { candidate: Scores; current?: Scores; previous?: Scores };
  /** How far the candidate's atoms are from its parent's. */
  drift?: { mean: number; max: number; replaced: number };
  /** Wall time. */
  seconds: number;
  /** 0, or 3 where an input was refused. */
  exitCode: number;
}

/** What a run found and made. */
export interface RunFindings {
  diff: ManifestDiff;
  admission: Admission;
  candidate?: Candidate;
  /** `performance.now()` at its start. */
  started: number;
}

/**
 * Makes the run count: manifest, rows, version, metrics and notifications enter the database in one transaction. Before it
 * nothing has happened, after it everything has; files it no longer names are cleared away later.
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
    if (candidate !== undefined) {
      recordDrop(context, admission, candidate, ids);
      recordVersion(context, candidate, now.toISOString());
      if (reservoir !== undefined) recordReservoir(context, reservoir, ids);
    }
    const result = resultOf(context, findings);
    recordRun(context, result, candidate?.parent, now.toISOString());
    tellOutside(context, result, now);
    return result;
  });
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
  { store, run }: RunContext,
  { diff, admission, candidate, started }: RunFindings,
): PipelineRun {
  const promoted = candidate?.verdict.promote;
  const refused = admission.refused.map(({ input, reason }) => ({
    path: input.path,
    reason: reason ?? "",
  }));
  return {
    run,
    outcome: candidate === undefined
      ? "nothing"
      : promoted
      ? "promoted"
      : "kept",
    version: candidate?.version,
    current: currentVersion(store),
    reason: candidate?.verdict.reason ?? "there are no new rows",
    quarantined: candidate?.verdict.quarantine ?? false,
    files: {
      taken: admission.taken.map(({ input }) => input.path),
      refused,
      duplicates: diff.duplicates.map(({ path, original }) => ({
        path,
        original,
      })),
      changed: diff.changed,
      vanished: diff.vanished.map(({ path }) => path),
      unchanged: diff.unchanged,
    },
    rows: {
      new: admission.newRows,
      heldOut: admission.heldOutRows,
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
      replaced: candidate.drift.replaced.length,
    },
    seconds: (performance.now() - started) / 1000,
    exitCode: refused.length > 0 ? 3 : 0,
  };
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
  if (files.refused.length > 0) {
    const details = { pipeline: settings.name, run, files: files.refused };
    enqueue(store, webhooks, "refused", details, now);
  }
}
