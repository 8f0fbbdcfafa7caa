import type { Admission } from "./admit.ts";
import type { Candidate } from "./candidate_record.ts";
import type { PipelineRun } from "./run_record.ts";
import type { RunContext } from "./context.ts";
import type { DropScores } from "./evaluate.ts";
import type { MissingInput } from "./inputs.ts";
import type { Verdict } from "./promotion.ts";
import type { ReservoirRow } from "./reservoir.ts";
import { recordReading } from "./reading.ts";
import type { Store } from "./database.ts";

/** Writes down a run's drop with its files' held-out rows. */
export function recordDrop(
  { store, run, settings }: RunContext,
  { taken, width, column, element }: Admission,
  ids: Map<string, number>,
) {
  store.run("INSERT INTO drops (run, quarantined) VALUES (:run, 0)", { run });
  for (const { input, heldOut, heldOutFrom } of taken) {
    store.run(
      `INSERT INTO held_out (file, run, offset, rows)
       VALUES (:file, :run, :offset, :rows)`,
      { file: ids.get(input.path), run, offset: heldOutFrom, rows: heldOut },
    );
  }
  const facts = { width: String(width), column, element };
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    store.run(
      "INSERT OR IGNORE INTO facts (name, value) VALUES (:name, :value)",
      { name, value },
    );
  }
  recordReading(store, settings);
}

/** Writes down that a drop's rows wait, in the file that was put under `pending`. */
export function recordPending(
  { store, run }: RunContext,
  { taken }: Admission,
  ids: Map<string, number>,
  now: string,
) {
  for (const { input, kept } of taken) {
    if (kept === undefined || kept.numbers.length === 0) continue;
    store.run(
      `INSERT INTO pending (file, run, offset, rows, numbers, since)
       VALUES (:file, :run, :offset, :rows, :numbers, :since)`,
      {
        file: ids.get(input.path),
        run,
        offset: kept.from,
        rows: kept.numbers.length,
        numbers: new Uint8Array(kept.numbers.buffer),
        since: now,
      },
    );
  }
}

/**
 * Writes down what became of the rows that waited and of this run's own: they have been trained on or, where they are
 * at fault, they are in quarantine.
 */
export function recordJudged(
  { store, run }: RunContext,
  { earlier }: Admission,
  verdict: Verdict,
  now: string,
) {
  const runs = new Set([run, ...earlier.map((file) => file.run)]);
  if (!verdict.quarantine) {
    for (const { file } of earlier) {
      store.run("DELETE FROM pending WHERE file = :file", { file });
    }
    return;
  }
  for (const drop of runs) {
    store.run("UPDATE drops SET quarantined = 1 WHERE run = :drop", { drop });
    recordEvent(store, "quarantine", drop, verdict.reason, now);
  }
}

/** Writes down what happened to a drop, for the history. */
export function recordEvent(
  store: Store,
  kind: "quarantine" | "release",
  run: number,
  reason: string,
  now: string,
) {
  store.run(
    `INSERT INTO events (at, kind, run, reason)
     VALUES (:now, :kind, :run, :reason)`,
    { now, kind, run, reason },
  );
}

/** Writes down what could not be seen, and since when; what is seen again is forgotten. */
export function recordMissing(
  { store, run }: RunContext,
  missing: readonly MissingInput[],
  now: string,
) {
  const since = new Map(
    store.all<{ path: string; since: string }>(
      "SELECT path, since FROM missing",
    ).map(({ path, since }) => [path, since]),
  );
  store.run("DELETE FROM missing");
  for (const { path, kind, reason } of missing) {
    store.run(
      `INSERT OR REPLACE INTO missing (path, kind, reason, run, since)
       VALUES (:path, :kind, :reason, :run, :since)`,
      { path, kind, reason, run, since: since.get(path) ?? now },
    );
  }
}

/** Writes down a candidate, its metrics beside those of the version that was current, and its promotion. */
export function recordVersion(
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
      replaced: drift?.replaced,
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

/** Writes down which rows the new reservoir holds; the draw's rows get their files' ids. */
export function recordReservoir(
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

/** Closes a run's line. */
export function recordRun(
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
    {
      run,
      outcome,
      version,
      parent,
      reason,
      now,
      new: rows.new,
      heldOut: rows.heldOut,
      replayed: rows.replayed,
      visits: rows.visits,
    },
  );
}
