import { dirname, join } from "node:path";
import type { EngineInfo } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { checkedState } from "../learn/check_state.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { LearnState } from "../learn/state.ts";
import { exists } from "../files/atomic.ts";
import {
  CHECKPOINT_DIRECTORY,
  listCheckpoints,
  makeCheckpointDirectory,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from "../model/checkpoint.ts";
import { MODEL_FILES } from "../model/directory.ts";
import { type LogMark, MetricsLog } from "../model/metrics_log.ts";
import type { RunIdentity } from "./run_identity.ts";

/** How often a run is saved: after so many seconds or so many iterations, whichever comes first. */
export interface CheckpointSchedule {
  /** Seconds between checkpoints. */
  seconds?: number;
  /** Iterations between checkpoints. */
  iterations?: number;
}

/** The schedule where none is asked for. */
export const DEFAULT_SCHEDULE: CheckpointSchedule = { seconds: 60 };

/** Saving takes at most this share of the time, however often it is asked for by the clock. */
const LARGEST_SHARE = 0.05;

/** A run as it is saved. */
export interface SavedRun {
  identity: RunIdentity;
  toolVersion: string;
  engine: Pick<EngineInfo, "kind" | "name"> & {
    /** The native BLAS that made its products. */
    blas?: string;
  };
  /** Time spent so far. */
  seconds: number;
  state: LearnState;
  /** How much of the metrics' file belongs to it. */
  metrics: LogMark;
}

/**
 * Reads a checkpoint schedule as the command line takes it: `90s`, `10m`, `2h`, or a number of iterations.
 *
 * @throws {DbksvdError} `usage`
 */
export function parseSchedule(text: string): CheckpointSchedule {
  const [, digits, unit] = /^(\d{1,9})([smh]?)$/.exec(text.trim()) ?? [];
  const value = Number(digits);
  if (!(value >= 1)) {
    throw new DbksvdError("usage", `--checkpoint-every is "${text}"`, {
      mend: "it takes a time, as 90s, 10m or 2h, or a number of iterations",
    });
  }
  if (unit === "") return { iterations: value };
  return { seconds: value * { s: 1, m: 60, h: 3600 }[unit as "s" | "m" | "h"] };
}

/** The checkpoints of one output directory, the two latest of which are kept, and the metrics that they refer to. */
export class Checkpoints {
  readonly #directory: string;
  readonly #schedule: CheckpointSchedule;
  readonly #beforeWriting: () => Promise<void>;
  /** The metrics so far; they go on where the checkpoint gone on from ends. */
  readonly log: MetricsLog;
  #kept: string[] = [];
  #savedAt = { iteration: 0, time: performance.now() };
  #cost = 0;
  /** Whether the output directory was there before anything was written. */
  #stood = true;

  /**
   * @param output the output directory
   * @param schedule how often to save
   * @param beforeWriting checks that the place is still the one it was
   */
  constructor(
    output: string,
    schedule: CheckpointSchedule,
    beforeWriting: () => Promise<void>,
  ) {
    this.#beforeWriting = beforeWriting;
    this.#directory = join(output, CHECKPOINT_DIRECTORY);
    this.#schedule = schedule;
    this.log = new MetricsLog(
      join(this.#directory, MODEL_FILES.metrics),
      async () => {
        await beforeWriting();
        this.#stood &&= await exists(output);
        await makeCheckpointDirectory(this.#directory);
      },
    );
  }

  /** The iteration of the last save, or of the checkpoint gone on from; 0 for none. */
  get iteration(): number {
    return this.#savedAt.iteration;
  }

  /** Whether any checkpoint, sound or not, is there. */
  async any(): Promise<boolean> {
    return (await listCheckpoints(this.#directory)).length > 0;
  }

  /** Whether the schedule wants a save now. */
  due(iteration: number): boolean {
    const { iterations = Infinity } = this.#schedule;
    return iteration - this.#savedAt.iteration >= iterations ||
      this.isTimeUp();
  }

  /** Whether the schedule wants a save by the clock. */
  isTimeUp(): boolean {
    const { seconds = Infinity } = this.#schedule;
    const elapsed = (performance.now() - this.#savedAt.time) / 1000;
    return elapsed >= Math.max(seconds, this.#cost / LARGEST_SHARE);
  }

  /**
   * Saves a run, and forgets all but the two latest checkpoints.
   *
   * @throws {DbksvdError} `run` where the file system refuses; the checkpoints before stay as they are
   */
  async save(run: Omit<SavedRun, "metrics">): Promise<void> {
    const start = performance.now();
    const { iteration } = run.state;
    await this.#beforeWriting();
    const metrics = await this.log.mark();
    const path = await writeCheckpoint(this.#directory, iteration, {
      ...run,
      metrics,
    });
    this.#kept = [path, ...this.#kept.filter((kept) => kept !== path)]
      .slice(0, 2);
    await pruneCheckpoints(this.#directory, this.#kept);
    const time = performance.now();
    this.#cost = (time - start) / 1000;
    this.#savedAt = { iteration, time };
  }

  /**
   * Reads the latest sound checkpoint whose metrics are there too; where all are sound but for their metrics, the
   * latest. What is recorded from now on follows its metrics.
   *
   * @param onNotice called with of damaged ones
   * @returns the run, or `undefined` where there are no checkpoints
   * @throws {DbksvdError} `data` where there are only damaged ones
   */
  async latest(
    onNotice?: (notice: string) => void,
  ): Promise<SavedRun | undefined> {
    let failure: DbksvdError | undefined;
    let withoutMetrics: [path: string, run: SavedRun] | undefined;
    for (const path of await listCheckpoints(this.#directory)) {
      try {
        const run = checkedRun(await readCheckpoint(path));
        if (await this.log.goOn(run.metrics)) return this.#goOn(path, run);
        withoutMetrics ??= [path, run];
        onNotice?.(
          `The metrics up to iteration ${run.state.iteration} are missing or damaged; trying the checkpoint before`,
        );
      } catch (error) {
        if (!(error instanceof DbksvdError)) throw error;
        failure = error;
        onNotice?.(`${error.message}; trying the one before`);
      }
    }
    this.log.begin();
    if (withoutMetrics !== undefined) {
      onNotice?.(
        `The model's ${MODEL_FILES.metrics} will begin at iteration ${
          withoutMetrics[1].state.iteration
        }: the lines before it are lost, nothing else is`,
      );
      return this.#goOn(...withoutMetrics);
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  #goOn(path: string, run: SavedRun): SavedRun {
    const { iteration } = run.state;
    this.#kept = [path];
    this.#savedAt = { iteration, time: performance.now() };
    return run;
  }

  /** Takes away what a run began to write that failed before it was ever saved. */
  async abandon(): Promise<void> {
    if (this.iteration > 0) return;
    try {
      await Deno.remove(this.log.path);
      await Deno.remove(this.#directory);
      if (!this.#stood) await Deno.remove(dirname(this.#directory));
    } catch {
      // There was nothing, or there is more than that: it stays.
    }
  }

  /** Removes all checkpoints; the metrics begin anew. */
  async clear(): Promise<void> {
    await pruneCheckpoints(this.#directory, []);
    this.log.begin();
    this.#kept = [];
    this.#savedAt = { iteration: 0, time: performance.now() };
  }
}

/**
 * Checks that a saved run's state fits the run that goes on from it.
 *
 * @throws {DbksvdError} `data`
 */
export function stateFor(
  run: SavedRun,
  options: TrainOptions,
  width: number,
): LearnState {
  return checkedState(run.state, options, width);
}

function checkedRun(value: unknown): SavedRun {
  const run = value as SavedRun;
  const sound = typeof run === "object" && run !== null &&
    typeof run.identity === "object" && run.identity !== null &&
    typeof run.engine === "object" && run.engine !== null &&
    typeof run.toolVersion === "string" && Number.isFinite(run.seconds) &&
    typeof run.state === "object" && run.state !== null &&
    Number.isSafeInteger(run.state.iteration) &&
    Number.isSafeInteger(run.metrics?.bytes) && run.metrics.bytes >= 0 &&
    typeof run.metrics.sha256 === "string";
  if (sound) return run;
  throw new DbksvdError("data", "The checkpoint holds no run", {
    mend: "start afresh with --overwrite",
  });
}
