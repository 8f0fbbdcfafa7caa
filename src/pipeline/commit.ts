import { basename } from "node:path";
import type { Admission } from "./admit.ts";
import type { Candidate } from "./candidate.ts";
import type { RunContext } from "./context.ts";
import type { DropScores, Scores } from "./evaluate.ts";
import {
  type FileOutcome,
  type ManifestDiff,
  recordManifest,
} from "./manifest.ts";
import { enqueue } from "./notify.ts";
import { rowsFile } from "./places.ts";
import { presentReservoir } from "./replay.ts";
import { mergeReservoir, type ReservoirRow } from "./reservoir.ts";
import { currentVersion } from "./versions.ts";

/** What a run did: what `pipeline run --json` prints. */
export interface PipelineRun {
  run: number;
  /** `promoted`: there is a new version; `kept`: the candidate was worse, the old version stays; `nothing`: no new rows. */
  outcome: "promoted" | "kept" | "nothing";
  /** The version that this run made. */
  version?: string;
  /** The version that is current now. */
  current?: string;
  reason: string;
  /** The new rows are at fault: they are never replayed, and count in no later judgement. */
  quarantined: boolean;
  files: {
    taken: string[];
    refused: { path: string; reason: string }[];
    duplicates: { path: string; original: string }[];
    /** Taken before, and changed since: not taken again. */
    changed: string[];
    vanished: string[];
    unchanged: number;
  };
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
  drift?: { mean: number; max: number; replaced: number };
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

function recordDrop(
  { store, run }: RunContext,
  admission: Admission,
  candidate: Candidate,
  ids: Map<string, number>,
) {
  store.run(
    "INSERT INTO drops (run, quarantined) VALUES (:run, :quarantined)",
    { run, quarantined: candidate.verdict.quarantine ? 1 : 0 },
  );
  for (const { input, heldOut, heldOutFrom } of admission.taken) {
    store.run(
      `INSERT INTO held_out (file, run, offset, rows)
       VALUES (:file, :run, :offset, :rows)`,
      { file: ids.get(input.path), run, offset: heldOutFrom, rows: heldOut },
    );
  }
  store.run(
    "INSERT OR IGNORE INTO facts (name, value) VALUES ('width', :width)",
    { width: String(admission.width) },
  );
}

function recordVersion(
  { store, run }: RunContext,
  { version, parent, verdict, drift, candidate, current }: Candidate,
  now: string,
) {
  store.run(
    `INSERT INTO versions (id, run, parent, created, promoted, drift_mean,
       drift_max, replaced)
     VALUES (:version, :run, :parent, :now, :promoted, :mean, :max, :replaced)`,
    {
      version,
      run,
      parent,
      now,
      promoted: verdict.promote ? 1 : 0,
      mean: drift?.mean,
      max: drift?.max,
      replaced: drift?.replaced.length,
    },
  );
  if (verdict.promote) {
    store.run(
      `INSERT INTO promotions (at, kind, version, previous, reason)
       VALUES (:now, 'promotion', :version, :parent, :reason)`,
      { now, version, parent, reason: verdict.reason },
    );
  }
  recordScores({ store, run }, "candidate", candidate);
  if (current !== undefined) recordScores({ store, run }, "current", current);
}

function recordScores(
  { store, run }: Pick<RunContext, "store" | "run">,
  subject: "candidate" | "current",
  scores: DropScores,
) {
  const scopes = { all: scores.all, ...scores.drops };
  for (const [scope, metrics] of Object.entries(scopes)) {
    for (const [name, value] of Object.entries(metrics)) {
      store.run(
        `INSERT INTO metrics (run, subject, scope, name, value)
         VALUES (:run, :subject, :scope, :name, :value)`,
        {
          run,
          subject,
          scope,
          name,
          value: Number.isFinite(value) ? value : undefined,
        },
      );
    }
  }
}

function recordReservoir(
  { store }: RunContext,
  reservoir: { rows: ReservoirRow<number | string>[]; name: string },
  ids: Map<string, number>,
) {
  store.run("DELETE FROM reservoir");
  for (const [slot, { file, row, key }] of reservoir.rows.entries()) {
    store.run(
      `INSERT INTO reservoir (slot, file, row, key)
       VALUES (:slot, :file, :row, :key)`,
      { slot, file: typeof file === "string" ? ids.get(file) : file, row, key },
    );
  }
  store.run(
    "INSERT OR REPLACE INTO facts (name, value) VALUES ('reservoir', :name)",
    { name: reservoir.name },
  );
}

function recordRun(
  { store, run }: RunContext,
  { outcome, version, reason, rows }: PipelineRun,
  parent: string | undefined,
  now: string,
) {
  store.run(
    `UPDATE runs SET state = 'done', outcome = :outcome, finished = :now,
       version = :version, parent = :parent, reason = :reason,
       new_rows = :new, held_out_rows = :heldOut, replayed_rows = :replayed,
       row_visits = :visits
     WHERE id = :run`,
    { run, outcome, version, parent, reason, now, ...rows },
  );
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
