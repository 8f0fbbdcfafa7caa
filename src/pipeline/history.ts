import type { VersionEntry } from "../report/data.ts";
import type { Store } from "./database.ts";

/** One version, as `pipeline history` lists it. */
export interface VersionRecord {
  /** Its id, and the name of its folder. */
  version: string;
  /** The run that made it. */
  run: number;
  /** The version that it began from. */
  parent: string | null;
  /** ISO 8601. */
  created: string;
  /** False where the rule kept the version before it. */
  promoted: boolean;
  /** When retention removed its folder. */
  removed: string | null;
  /** Why it was promoted or not. */
  reason: string | null;
  /** On the held-out rows of its run. */
  fvu: number | null;
  /** Of the version that was current then, on the same rows. */
  previousFvu: number | null;
  /** Mean of 1 − |⟨d, d'⟩| over its atoms and its parent's. */
  driftMean: number | null;
  /** The largest of them. */
  driftMax: number | null;
  /** Atoms begun anew. */
  replaced: number | null;
  /** Rows that entered with its run. */
  newRows: number;
  /** Rows of the reservoir that it was trained on. */
  replayedRows: number;
}

/** All versions, oldest first. */
export function versionRecords(store: Store): VersionRecord[] {
  const fvu = (subject: string) =>
    `(SELECT value FROM metrics m WHERE m.run = v.run AND name = 'fvu'
       AND scope = 'all' AND subject = '${subject}')`;
  return store.all<Omit<VersionRecord, "promoted"> & { promoted: number }>(
    `SELECT v.id AS version, v.run, v.parent, v.created, v.promoted, v.removed,
       r.reason, ${fvu("candidate")} AS fvu, ${fvu("current")} AS previousFvu,
       v.drift_mean AS driftMean, v.drift_max AS driftMax, v.replaced,
       r.new_rows AS newRows, r.replayed_rows AS replayedRows
     FROM versions v JOIN runs r ON r.id = v.run ORDER BY v.run`,
  ).map((record) => ({ ...record, promoted: record.promoted === 1 }));
}

/** The versions as the report draws them. */
export function versionEntries(store: Store): VersionEntry[] {
  return versionRecords(store).map((record) => ({
    version: record.version,
    when: record.created,
    fvu: record.fvu ?? NaN,
    drift: record.driftMean ?? undefined,
    rows: record.newRows,
    accepted: record.promoted,
  }));
}
