import type { EngineProgress } from "../engine/engine.ts";
import type { TrainingPlan } from "../learn/plan.ts";
import type { MetricsLine } from "../model/model.ts";
import type { TrainRun } from "../use/train.ts";
import { type DeviceOption, engineChoice } from "./device_option.ts";
import type { ProgressState } from "./progress.ts";
import { duration } from "../text.ts";
import type { Session } from "./session.ts";

/** What stages beside the training itself are called. */
const PHASES: Readonly<Record<string, string>> = {
  reading: "reading",
  decoder: "training the decoder",
  measuring: "measuring",
};

/** Milliseconds of training after which its rest is foretold, */
const WARN_AFTER = 5000;
/** and the seconds from which on that is worth a word. */
const LONG_TRAINING = 600;

/** Shows a training's progress: rows seen, FVU so far and, on a GPU, how busy it is. */
export class TrainingProgress {
  #started: number;
  #busy = 0;
  #onGpu = false;
  #learned: ProgressState | undefined;
  #from: { seen: number; at: number } | undefined;
  #warned = false;
  /** Whether the passes are over: rows that are coded then are none of theirs. */
  #passed = false;
  /** Said after what is being done: which of several trainings it is. */
  which = "";

  /** Starts the clock; `onLines` takes the figures of every iteration as they come. */
  constructor(
    readonly session: Session,
    readonly onLines?: (lines: readonly MetricsLine[]) => void,
  ) {
    this.#started = session.io.now();
  }

  /** How to run a training so that it is shown here. */
  run(flags: DeviceOption): TrainRun {
    return {
      ...engineChoice(flags),
      signal: this.session.signal,
      onNotice: (notice) => this.session.say("info", notice),
      onSaved: (what) => this.session.saves(what),
      onEngine: ({ kind }) => this.#onGpu = kind === "gpu",
      onProgress: (lines, plan) => this.#update(lines, plan),
      onActivity: (activity) => this.#between(activity),
    };
  }

  // Phases beside the passes are shown as such; what an engine coded of a sample batch counts as rows seen.
  #between({ stage, done, total }: EngineProgress): void {
    const { progress } = this.session;
    const phase = PHASES[stage];
    if (phase !== undefined) {
      this.#passed = stage !== "reading";
      return progress.update({
        phase: phase + this.which,
        done,
        total,
        unit: "rows",
      });
    }
    if (stage !== "coding" || this.#passed) return;
    const learned = this.#learned;
    if (learned === undefined) {
      const phase = `first batch${this.which}`;
      return progress.update({ phase, done, total, unit: "rows" });
    }
    const rows = Math.min(learned.done + done, learned.total);
    progress.update({ ...learned, done: rows });
  }

  #update(lines: readonly MetricsLine[], plan: TrainingPlan): void {
    this.onLines?.(lines);
    const last = lines.at(-1);
    if (last === undefined) return;
    this.#passed = false;
    for (const line of lines) this.#busy += line.milliseconds;
    const elapsed = this.session.io.now() - this.#started;
    this.#learned = {
      phase: `training${this.which}`,
      done: last.rowsSeen,
      total: plan.batches.reduce((sum, rows) => sum + rows, 0) * plan.passes,
      unit: "rows",
      fvu: last.updatedFvu,
      busy: this.#onGpu ? Math.min(1, this.#busy / elapsed) : undefined,
    };
    this.session.progress.update(this.#learned);
    this.#warn(last.rowsSeen, this.#learned.total);
  }

  // Said once, when the first rows have shown how long the rest will take.
  #warn(seen: number, total: number): void {
    const now = this.session.io.now();
    this.#from ??= { seen, at: now };
    const { seen: first, at } = this.#from;
    if (this.#warned || seen === first || now - at < WARN_AFTER) return;
    this.#warned = true;
    const left = (total - seen) * (now - at) / (seen - first) / 1000;
    if (left < LONG_TRAINING) return;
    this.session.say(
      "info",
      `This training will take about ${
        duration(left)
      } more; Ctrl-C saves it, and --resume goes on`,
    );
  }
}
