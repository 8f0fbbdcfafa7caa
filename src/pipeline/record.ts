import type { Admission } from "./admit.ts";
import type { Candidate } from "./candidate.ts";
import type { PipelineRun } from "./commit.ts";
import type { RunContext } from "./context.ts";
import type { DropScores } from "./evaluate.ts";
import type { ReservoirRow } from "./reservoir.ts";

/** Writes down a run's drop: whether it is in quarantine, and its files' held-out rows. */
export function recordDrop(
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
    { run, outcome, version, parent, reason, now, ...rows },
  );
}
