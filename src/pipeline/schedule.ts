import { DbksvdError } from "../errors.ts";
import type { PipelineRun } from "./run_record.ts";
import {
  loadPipelineConfig,
  type PipelineConfig,
  type PipelineSettings,
} from "./config.ts";
import type { CronSchedule } from "./cron.ts";
import { enqueue } from "./notify.ts";
import { makeFolders, placesIn } from "./places.ts";
import { PIPELINE_OPTIONS, type PipelineOptions, runSettings } from "./run.ts";
import { openStore } from "./store.ts";
import type { Store } from "./database.ts";
import { Watch } from "./watch.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** What drives a schedule: the time, and a call at every full minute. */
export interface PipelineClock {
  /** The time now. */
  now(): Date;
  /**
   * Calls `tick` once a minute until the signal fires; while a call is under way, minutes pass without another.
   * Resolves when it has stopped.
   */
  everyMinute(tick: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** How a schedule is run. */
export interface ScheduleOptions extends Omit<PipelineOptions, "now"> {
  /** By default the system's time and `Deno.cron`. */
  clock?: PipelineClock;
  /** Called with every run's result. */
  onRun?(run: PipelineRun): void;
}

const SCHEDULE_OPTIONS = PIPELINE_OPTIONS.filter((name) => name !== "now")
  .concat("clock", "onRun");

const MINUTE = 60_000;
/** A minute's call may come this much before the minute does. */
const EARLY_MS = 1000;
const MOST_MISSED = 10_000;
/** A clock that is set right goes back by less than this: no minute is due twice then. */
const MOST_AHEAD = 60 * MINUTE;

/**
 * Runs a pipeline at the times of its own schedule until the signal fires. Runs never overlap; a due time at which none
 * could begin (the one before was under way, or no process was) is reported as missed. A run that fails is recorded and
 * reported, and the schedule goes on.
 *
 * @param config the configuration, or its file; it needs a `schedule`
 * @param options where it runs, who listens, and the clock
 * @throws {DbksvdError} `usage` where the configuration is bad or has no schedule
 */
export async function schedulePipeline(
  config: string | PipelineConfig,
  options: ScheduleOptions = {},
): Promise<void> {
  requireKnownOptions(options, SCHEDULE_OPTIONS, "schedulePipeline()");
  const settings = await loadPipelineConfig(config, options.base);
  const { schedule } = settings;
  if (schedule === undefined) {
    throw new DbksvdError("usage", "/schedule is missing", {
      where: { file: typeof config === "string" ? config : undefined },
      mend: 'give five crontab fields, such as "0 3 * * *" (UTC)',
    });
  }
  const places = placesIn(settings.root);
  await makeFolders(places);
  const clock = options.clock ?? systemClock(settings.name);
  const now = () => clock.now();
  const watch = new Watch(
    settings.name,
    places.heartbeat,
    now,
    options.log ?? (() => {}),
  );
  const signal = options.signal ?? new AbortController().signal;
  watch.tell("info", "schedule.start", {
    schedule: schedule.expression,
    next: schedule.next(clock.now())?.toISOString(),
  });
  const ticker = new Ticker(settings, schedule, watch);
  await clock.everyMinute(async () => {
    if (ticker.isDue(clock.now())) {
      await runOnce(settings, { ...options, now, signal }, watch);
    }
    await watch.beat("idle", schedule.next(clock.now()));
  }, signal);
  watch.tell("info", "schedule.end");
  await watch.beat("stopped");
}

async function runOnce(
  settings: PipelineSettings,
  options: ScheduleOptions & PipelineOptions,
  watch: Watch,
): Promise<void> {
  try {
    options.onRun?.(await runSettings(settings, options));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    watch.tell("error", "schedule.run.failed", { reason });
  }
}

/** Keeps count of the due times, across restarts: the database knows the last one that was looked at. */
class Ticker {
  readonly #database: string;
  #last: Date | undefined;

  constructor(
    readonly settings: PipelineSettings,
    readonly schedule: CronSchedule,
    readonly watch: Watch,
  ) {
    this.#database = placesIn(settings.root).database;
  }

  /** Whether a run is due now; due times since the last call at which none began are reported. */
  isDue(now: Date): boolean {
    const minute = new Date(
      Math.floor((now.getTime() + EARLY_MS) / MINUTE) * MINUTE,
    );
    const last = this.#before(minute);
    if (last !== undefined && minute <= last) return false;
    const past = new Date(minute.getTime() - MINUTE);
    const missed = this.schedule.between(last ?? past, past, MOST_MISSED);
    const due = this.schedule.matches(minute);
    this.#last = minute;
    if (last === undefined || due || missed.length > 0) {
      this.#write(minute, missed, now);
    }
    return due;
  }

  // The last minute that was looked at. One far ahead is of a clock that was set back since: it is no reason to wait.
  #before(minute: Date): Date | undefined {
    const last = this.#last ?? this.#stored();
    if (last === undefined || last.getTime() - minute.getTime() < MOST_AHEAD) {
      return last;
    }
    this.watch.tell("warn", "schedule.clock", {
      reason: "the clock was set back",
      last: last.toISOString(),
    });
    return this.#last = undefined;
  }

  #stored(): Date | undefined {
    const store = openStore(this.#database);
    try {
      const stored = readFact(store, "last_tick");
      return stored === undefined ? undefined : new Date(stored);
    } finally {
      store.close();
    }
  }

  #write(minute: Date, missed: readonly Date[], now: Date) {
    const store = openStore(this.#database);
    try {
      store.transaction(() => {
        writeFact(store, "last_tick", minute.toISOString());
        if (missed.length > 0) this.#report(store, missed, now);
      });
    } finally {
      store.close();
    }
  }

  #report(store: Store, missed: readonly Date[], now: Date) {
    const before = Number(readFact(store, "missed") ?? 0);
    writeFact(store, "missed", String(before + missed.length));
    const details = {
      missed: missed.length,
      first: missed[0].toISOString(),
      last: missed[missed.length - 1].toISOString(),
    };
    const { name, webhooks } = this.settings;
    enqueue(store, webhooks, "missed", { pipeline: name, ...details }, now);
    this.watch.tell("warn", "schedule.missed", details);
  }
}

function readFact(store: Store, name: string): string | undefined {
  return store.one<{ value: string }>(
    "SELECT value FROM facts WHERE name = :name",
    { name },
  )?.value;
}

function writeFact(store: Store, name: string, value: string): void {
  store.run(
    "INSERT OR REPLACE INTO facts (name, value) VALUES (:name, :value)",
    {
      name,
      value,
    },
  );
}

/**
 * The system's time, and `Deno.cron` for the minutes; which of them are due is for the schedule's own parser to say.
 */
function systemClock(name: string): PipelineClock {
  return {
    now: () => new Date(),
    everyMinute: (tick, signal) =>
      Deno.cron(`dbksvd ${name}`, "* * * * *", { signal }, tick),
  };
}
