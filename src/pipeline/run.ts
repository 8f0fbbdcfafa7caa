import { createEngine } from "../engine/create.ts";
import type { Engine, EngineSpec } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { RetryLimits } from "../net/request.ts";
import { lockOutput } from "../use/lock.ts";
import { admitFiles } from "./admit.ts";
import {
  loadPipelineConfig,
  type PipelineConfig,
  type PipelineSettings,
} from "./config.ts";
import type { RunContext } from "./context.ts";
import { commitRun } from "./commit.ts";
import type { PipelineRun } from "./run_record.ts";
import { deliver, enqueue } from "./notify.ts";
import { makeFolders, type PipelinePlaces, placesIn } from "./places.ts";
import { writePrometheus } from "./prometheus.ts";
import { linkAsRecorded, recover, tidy } from "./recover.ts";
import { openStore } from "./store.ts";
import type { Store } from "./database.ts";
import { factOf } from "./facts.ts";
import { requireSameReading } from "./reading.ts";
import { isTrainable, knownOf, scan } from "./scan.ts";
import { makeCandidate } from "./candidate.ts";
import { retire } from "./versions.ts";
import { type EventSink, Watch } from "./watch.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** How a pipeline is run, beside what its configuration says. */
export interface PipelineOptions {
  /** The folder that the configuration's relative paths begin from; by default that of its file. */
  base?: string;
  /** Takes the structured log; without it there is none. */
  log?: EventSink;
  /** Stops the run at its next step; the next run does it again. */
  signal?: AbortSignal;
  /** The time; by default the system's. */
  now?(): Date;
  /** Makes engines, in place of the configuration's device. */
  createEngine?(spec: EngineSpec): Promise<Engine>;
  /** How long servers of inputs are waited for. */
  retry?: Partial<RetryLimits>;
}

/** The names of {@linkcode PipelineOptions}: all of them, as the type says. */
export const PIPELINE_OPTIONS = Object.keys(
  {
    base: true,
    log: true,
    signal: true,
    now: true,
    createEngine: true,
    retry: true,
  } satisfies Record<keyof PipelineOptions, true>,
);

/**
 * Runs a pipeline once: takes the inputs that are new, trains the current dictionary on them and on a sample of the old
 * rows, and promotes what comes of it if the rule holds. What a killed run left is cleared and done again; no file is
 * taken twice, and none is left out.
 *
 * @param config the configuration, or its file
 * @param options where it runs and who listens
 * @returns what happened; `exitCode` is 1 where an input could not be asked now, 3 where one was refused or is not
 * there
 * @throws {DbksvdError} `usage` for a bad configuration or where another run is under way; `data`, `device` or `run`
 * where the run failed, recorded and reported before it is thrown
 *
 * @example
 * ```ts
 * import { pipelineStatus, runPipeline } from "@dbksvd/dbksvd/pipeline";
 * import assert from "node:assert/strict";
 * const base = await Deno.makeTempDir();
 * await Deno.mkdir(`${base}/in`);
 * const rows = Float32Array.from({ length: 400 * 4 }, (_, i) => Math.sin(i * i));
 * await Deno.writeFile(`${base}/in/monday.f32`, new Uint8Array(rows.buffer));
 * const config = {
 *   inputs: ["in/*.f32"],
 *   root: "pipe",
 *   settle: 0,
 *   train: { atoms: 8, sparsity: 2, passes: 2, width: 4, device: "cpu" as const },
 * };
 * const run = await runPipeline(config, { base });
 * assert.equal(run.outcome, "promoted");
 * assert.equal(run.rows.new + run.rows.heldOut, 400);
 * const { current } = await pipelineStatus(config, { base });
 * assert.equal(current, run.version);
 * ```
 */
export async function runPipeline(
  config: string | PipelineConfig,
  options: PipelineOptions = {},
): Promise<PipelineRun> {
  requireKnownOptions(options, PIPELINE_OPTIONS, "runPipeline()");
  const settings = await loadPipelineConfig(config, options.base);
  return await runSettings(settings, options);
}

/** {@linkcode runPipeline}, of a configuration that is checked already. */
export async function runSettings(
  settings: PipelineSettings,
  options: PipelineOptions,
): Promise<PipelineRun> {
  const places = placesIn(settings.root);
  await makeFolders(places);
  const now = options.now ?? (() => new Date());
  const watch = new Watch(
    settings.name,
    places.heartbeat,
    now,
    options.log ?? (() => {}),
  );
  const lock = await lockOutput(
    places.database,
    (notice) => watch.tell("warn", "lock", { notice }),
  );
  try {
    const store = openStore(places.database);
    try {
      return await lockedRun(settings, options, places, store, watch);
    } finally {
      store.close();
      await lock.release();
      // Never under the lock: servers take their time.
      await attempt(watch, () => deliver(settings, watch, options));
    }
  } finally {
    await lock.release();
  }
}

async function lockedRun(
  settings: PipelineSettings,
  options: PipelineOptions,
  places: PipelinePlaces,
  store: Store,
  watch: Watch,
): Promise<PipelineRun> {
  await recover(store, places, watch);
  const run = store.run(
    "INSERT INTO runs (state, started) VALUES ('running', :started)",
    { started: watch.now().toISOString() },
  );
  const { signal, retry } = options;
  const onNotice = (notice: string) => watch.tell("info", "notice", { notice });
  const context: RunContext = {
    run,
    settings,
    places,
    store,
    watch,
    signal,
    retry,
    onNotice,
    column: factOf(store, "column"),
    element: factOf(store, "element"),
    fixed: { found: [], missing: [] },
    createEngine: options.createEngine ??
      ((spec) =>
        createEngine(spec, {
          device: settings.device,
          threads: settings.threads,
          signal,
          onNotice: (notice) => watch.tell("info", "device", { notice }),
        })),
  };
  try {
    const result = await watch.whole(run, () => execute(context));
    watch.tell("info", "run.end", { ...result });
    return result;
  } catch (error) {
    await attempt(watch, () => noteFailure(context, error));
    throw error;
  } finally {
    await writePrometheus(store, settings, watch);
    await watch.beat("idle");
  }
}

// What comes after a run may fail with it, on a full disk say: that must not hide how the run ended.
async function attempt(
  watch: Watch,
  work: () => void | Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    watch.tell("error", "run.ending.failed", { reason: String(error) });
  }
}

async function execute(context: RunContext): Promise<PipelineRun> {
  const { settings, places, store, watch, signal, run } = context;
  const started = performance.now();
  watch.tell("info", "run.start");
  requireSameReading(store, settings);
  const diff = await watch.stage("scan", () => scan(context));
  for (const path of diff.changed) watch.tell("warn", "file.changed", { path });
  for (const { path } of diff.vanished) {
    watch.tell("warn", "file.vanished", { path });
  }
  for (const path of diff.retaken) watch.tell("warn", "file.retaken", { path });
  for (const path of diff.unsettled) {
    watch.tell("warn", "file.unsettled", { path });
  }
  for (const { path, original } of diff.duplicates) {
    watch.tell("warn", "file.duplicate", { path, original });
  }
  const known = knownOf(context);
  const admission = await watch.stage(
    "admit",
    () => admitFiles(diff.fresh, known, context),
  );
  for (const input of admission.missing) {
    watch.tell("warn", "input.missing", { ...input });
  }
  const candidate = isTrainable(admission, known)
    ? await makeCandidate(context, admission)
    : undefined;
  signal?.throwIfAborted();
  const result = await watch.stage(
    "commit",
    () => commitRun(context, { diff, admission, candidate, started }),
  );
  await watch.stage("tidy", async () => {
    await linkAsRecorded(store, places, watch);
    const retired = await retire(
      store,
      places,
      settings.retention,
      watch.now(),
    );
    for (const version of retired) {
      watch.tell("info", "version.retired", { version });
    }
    await tidy(store, places);
  });
  watch.count({
    outcome: result.outcome,
    rows: {
      new: result.rows.new,
      heldOut: result.rows.heldOut,
      replayed: result.rows.replayed,
    },
    refused: admission.refused.length,
    missing: result.files.missing.length,
    fvu: result.metrics?.current?.fvu,
  });
  if (candidate !== undefined) {
    watch.tell("info", `version.${result.outcome}`, {
      run,
      version: result.version,
      reason: result.reason,
    });
  }
  return result;
}

function noteFailure(context: RunContext, error: unknown) {
  const { run, store, settings, watch, signal } = context;
  const reason = error instanceof Error ? error.message : String(error);
  const stopped = signal?.aborted ?? false;
  const now = watch.now();
  store.transaction(() => {
    store.run(
      `UPDATE runs SET state = :state, finished = :finished, reason = :reason
       WHERE id = :run AND state = 'running'`,
      {
        run,
        state: stopped ? "interrupted" : "failed",
        finished: now.toISOString(),
        reason: stopped ? "stopped by a signal" : reason,
      },
    );
    if (stopped) return;
    const kind = error instanceof DbksvdError ? error.kind : "run";
    const details = { pipeline: settings.name, run, kind, reason };
    enqueue(store, settings.webhooks, "failure", details, now);
  });
  if (!stopped) watch.count({ outcome: "failed" });
  watch.tell(
    stopped ? "warn" : "error",
    stopped ? "run.stopped" : "run.failed",
    { reason },
  );
}
