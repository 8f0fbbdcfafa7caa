import { exists } from "../files/atomic.ts";
import { lockOutput } from "../use/lock.ts";
import {
  loadPipelineConfig,
  type PipelineConfig,
  type PipelineSettings,
} from "./config.ts";
import { type VersionRecord, versionRecords } from "./history.ts";
import { findInputs, type MissingInput } from "./inputs.ts";
import { pendingFiles, pendingRows } from "./pending.ts";
import { placesIn } from "./places.ts";
import { OldDatabase, openStore } from "./store.ts";
import type { Store } from "./database.ts";
import { currentVersion } from "./versions.ts";
import type { Heartbeat } from "./watch.ts";
import { CONFIG_BYTES, readText } from "../files/text.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** A run as the database has it. */
export interface RunRecord {
  /** Its number. */
  run: number;
  /** `running` also where the process died and no run has come since. */
  state: "running" | "done" | "failed" | "interrupted";
  /** What came of it, where it ended well. */
  outcome: "promoted" | "kept" | "pending" | "nothing" | null;
  /** ISO 8601. */
  started: string;
  /** ISO 8601. */
  finished: string | null;
  /** The version that it made. */
  version: string | null;
  /** The version that it began from. */
  parent: string | null;
  /** Why, in words. */
  reason: string | null;
  /** Rows that entered, held-out ones apart. */
  newRows: number;
  /** Rows put aside. */
  heldOutRows: number;
  /** Rows of the reservoir trained on again. */
  replayedRows: number;
  /** Rows given to the training over all its passes. */
  rowVisits: number;
}

/** How a pipeline stands: what `pipeline status --json` prints. */
export interface PipelineStatus {
  /** Its name. */
  pipeline: string;
  /** The folder of its state. */
  root: string;
  /** The current version's id. */
  current: string | null;
  /** Its held-out FVU when it was promoted. */
  fvu: number | null;
  /** The latest run. */
  lastRun: RunRecord | null;
  /** Runs by how they ended. */
  runs: Record<string, number>;
  /** Files in the manifest by state. */
  files: Record<string, number>;
  /** Refused files, with the reasons. */
  refused: { path: string; reason: string | null }[];
  /** Files that were taken and are gone. */
  vanished: string[];
  /** Inputs that could not be seen by the last run, and since when. */
  missing: (MissingInput & { since: string })[];
  /** Inputs that the next run will look at: new ones, and those whose size or date changed. */
  pending: string[];
  /** Rows over all runs, rows in the reservoir, and rows that wait until there are enough to judge by. */
  rows: {
    new: number;
    heldOut: number;
    replayed: number;
    reservoir: number;
    pending: number;
  };
  /** When the first of the waiting rows came. */
  pendingSince: string | null;
  /** Drops whose rows were found to be at fault; `pipeline release` lifts it. */
  quarantined: number[];
  /** Versions whose folders are there. */
  versions: number;
  /** Notifications not delivered yet. */
  undelivered: number;
  /** Its schedule, where it has one: the next due time, and how many were missed. */
  schedule: { expression: string; next: string | null; missed: number } | null;
  /** What the heartbeat file says. */
  heartbeat: Heartbeat | null;
}

/** What a pipeline did: what `pipeline history --json` prints. */
export interface PipelineHistory {
  /** Its name. */
  pipeline: string;
  /** The current version's id. */
  current: string | null;
  /** Every version, removed ones included. */
  versions: VersionRecord[];
  /** Every run. */
  runs: RunRecord[];
  /** Every change of the current version. */
  promotions: {
    at: string;
    kind: "promotion" | "rollback";
    version: string;
    previous: string | null;
    reason: string | null;
  }[];
  /** Drops put in quarantine and released from it; a drop has its run's number. */
  events: {
    at: string;
    kind: "quarantine" | "release";
    drop: number;
    reason: string | null;
  }[];
}

const RUN_COLUMNS = `id AS run, state, outcome, started, finished, version,
  parent, reason, new_rows AS newRows, held_out_rows AS heldOutRows,
  replayed_rows AS replayedRows, row_visits AS rowVisits`;

/**
 * Tells how a pipeline stands, beside a run that is under way or not.
 *
 * @param config the configuration, or its file
 * @param options the folder that its relative paths begin from; the time
 * @throws {DbksvdError} `usage` for a bad configuration, `data` for a damaged database
 */
export async function pipelineStatus(
  config: string | PipelineConfig,
  options: { base?: string; now?(): Date } = {},
): Promise<PipelineStatus> {
  requireKnownOptions(options, ["base", "now"], "pipelineStatus()");
  const settings = await loadPipelineConfig(config, options.base);
  const { heartbeat } = placesIn(settings.root);
  const now = options.now?.() ?? new Date();
  const status = await reading(
    settings,
    (store) => statusOf(store, settings, now),
  );
  // Without retries: what cannot be asked now is no part of the answer.
  const { found } = await findInputs(settings.inputs, {
    ...settings,
    retry: { attempts: 1, spanMs: 5000 },
  });
  const known = status.known;
  return {
    ...status.shown,
    pending: found.filter(({ path, size, stamp }) =>
      known.get(path) !== `${size}|${stamp}`
    ).map(({ path }) => path),
    heartbeat: await readHeartbeat(heartbeat),
  };
}

/**
 * Tells what a pipeline did: versions, runs, promotions and rollbacks, oldest first.
 *
 * @param config the configuration, or its file
 * @param options the folder that its relative paths begin from
 * @throws {DbksvdError} as {@linkcode pipelineStatus}
 */
export async function pipelineHistory(
  config: string | PipelineConfig,
  options: { base?: string } = {},
): Promise<PipelineHistory> {
  requireKnownOptions(options, ["base"], "pipelineHistory()");
  const settings = await loadPipelineConfig(config, options.base);
  return await reading(settings, (store) => ({
    pipeline: settings.name,
    current: currentVersion(store) ?? null,
    versions: versionRecords(store),
    runs: store.all<RunRecord>(`SELECT ${RUN_COLUMNS} FROM runs ORDER BY id`),
    promotions: store.all<PipelineHistory["promotions"][number]>(
      "SELECT at, kind, version, previous, reason FROM promotions ORDER BY id",
    ),
    events: store.all<PipelineHistory["events"][number]>(
      "SELECT at, kind, run AS 'drop', reason FROM events ORDER BY id",
    ),
  }));
}

async function reading<T>(
  { root }: PipelineSettings,
  read: (store: Store) => T,
): Promise<T> {
  const { database } = placesIn(root);
  const store = await exists(database)
    ? await openToRead(database)
    : openStore(":memory:");
  try {
    return read(store);
  } finally {
    store.close();
  }
}

async function openToRead(database: string): Promise<Store> {
  try {
    return openStore(database, { readOnly: true });
  } catch (error) {
    if (!(error instanceof OldDatabase)) throw error;
  }
  const lock = await lockOutput(database);
  try {
    openStore(database).close();
  } finally {
    await lock.release();
  }
  return openStore(database, { readOnly: true });
}

function statusOf(store: Store, settings: PipelineSettings, now: Date) {
  const current = currentVersion(store) ?? null;
  const count = (sql: string) => store.one<{ count: number }>(sql)!.count;
  const counts = (sql: string) =>
    Object.fromEntries(
      store.all<{ name: string; count: number }>(sql)
        .map(({ name, count }) => [name, count]),
    );
  const files = store.all<
    { path: string; size: number; stamp: string; state: string } & {
      reason: string | null;
      vanished: string | null;
    }
  >("SELECT * FROM files WHERE state != 'superseded' ORDER BY path");
  const { schedule } = settings;
  const shown: Omit<PipelineStatus, "pending" | "heartbeat"> = {
    pipeline: settings.name,
    root: settings.root,
    current,
    fvu: versionRecords(store).find(({ version }) => version === current)
      ?.fvu ?? null,
    lastRun: store.one<RunRecord>(
      `SELECT ${RUN_COLUMNS} FROM runs ORDER BY id DESC LIMIT 1`,
    ) ?? null,
    runs: counts(
      `SELECT coalesce(outcome, state) AS name, count(*) AS count FROM runs
       GROUP BY 1`,
    ),
    files: counts(
      "SELECT state AS name, count(*) AS count FROM files GROUP BY 1",
    ),
    refused: files.filter(({ state }) => state === "refused")
      .map(({ path, reason }) => ({ path, reason })),
    vanished: files.filter(({ vanished }) => vanished !== null)
      .map(({ path }) => path),
    missing: store.all<PipelineStatus["missing"][number]>(
      "SELECT path, kind, reason, since FROM missing ORDER BY path",
    ),
    rows: {
      ...store.one<{ new: number; heldOut: number; replayed: number }>(
        `SELECT coalesce(sum(new_rows), 0) AS new,
           coalesce(sum(held_out_rows), 0) AS heldOut,
           coalesce(sum(replayed_rows), 0) AS replayed FROM runs`,
      )!,
      reservoir: count("SELECT count(*) AS count FROM reservoir"),
      pending: pendingRows(pendingFiles(store)),
    },
    pendingSince: pendingFiles(store)[0]?.since ?? null,
    quarantined: store.all<{ run: number }>(
      "SELECT run FROM drops WHERE quarantined = 1 ORDER BY run",
    ).map(({ run }) => run),
    versions: count(
      "SELECT count(*) AS count FROM versions WHERE removed IS NULL",
    ),
    undelivered: count(
      "SELECT count(*) AS count FROM outbox WHERE delivered IS NULL",
    ),
    schedule: schedule === undefined ? null : {
      expression: schedule.expression,
      next: schedule.next(now)?.toISOString() ?? null,
      missed: Number(
        store.one<{ value: string }>(
          "SELECT value FROM facts WHERE name = 'missed'",
        )?.value ?? 0,
      ),
    },
  };
  const known = new Map(
    files.map(({ path, size, stamp }) => [path, `${size}|${stamp}`]),
  );
  return { shown, known };
}

async function readHeartbeat(path: string): Promise<Heartbeat | null> {
  try {
    return JSON.parse(await readText(path, { bytes: CONFIG_BYTES }));
  } catch {
    return null;
  }
}
