import {
  type Attributes,
  metrics,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { temporarySibling } from "../files/atomic.ts";
import { TOOL_VERSION } from "../version.ts";

/** One line of the pipeline's structured log. */
export interface PipelineEvent {
  /** ISO 8601. */
  time: string;
  /** How much it matters. */
  level: "debug" | "info" | "warn" | "error";
  /** The pipeline's name. */
  pipeline: string;
  /** The run's number. */
  run?: number | undefined;
  /** What happened, in dotted words: `run.start`, `stage.end`, `file.refused`. */
  event: string;
  /** What the event is about. */
  [field: string]: unknown;
}

/** Takes the pipeline's events, in order. */
export type EventSink = (event: PipelineEvent) => void;

/** What a heartbeat file says. */
export interface Heartbeat {
  /** ISO 8601. */
  at: string;
  /** The process. */
  pid: number;
  /** The pipeline's name. */
  pipeline: string;
  /** `idle` between runs of a schedule. */
  state: "running" | "idle" | "stopped";
  /** The run under way. */
  run?: number | undefined;
  /** Its stage. */
  stage?: string | undefined;
  /** When the schedule falls due next. */
  next?: string | undefined;
}

const BEAT_MS = 15_000;

/** Tells the world what a pipeline is doing: the log, the heartbeat file, OpenTelemetry's spans and metrics. */
export class Watch {
  run?: number;
  #stage: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param pipeline its name
   * @param heartbeat the file to keep fresh
   * @param now the clock
   * @param sink takes the events
   */
  constructor(
    readonly pipeline: string,
    readonly heartbeat: string,
    readonly now: () => Date,
    readonly sink: EventSink,
  ) {}

  /** Logs an event. */
  tell(
    level: PipelineEvent["level"],
    event: string,
    fields: Record<string, unknown> = {},
  ): void {
    this.sink({
      time: this.now().toISOString(),
      level,
      pipeline: this.pipeline,
      run: this.run,
      event,
      ...fields,
    });
  }

  /** Keeps the heartbeat fresh while `work` runs, within a span of its own. */
  async whole<T>(run: number, work: () => Promise<T>): Promise<T> {
    this.run = run;
    this.#timer = setInterval(() => void this.beat("running"), BEAT_MS);
    try {
      return await this.#span("pipeline.run", { run }, work);
    } finally {
      clearInterval(this.#timer);
      this.#stage = undefined;
    }
  }

  /** Runs a stage of the run: logged, timed, in a span, named in the heartbeat. */
  async stage<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#stage = name;
    await this.beat("running");
    this.tell("debug", "stage.start", { stage: name });
    const started = performance.now();
    const result = await this.#span(`pipeline.${name}`, { stage: name }, work);
    const seconds = (performance.now() - started) / 1000;
    instruments().stage.record(seconds, {
      pipeline: this.pipeline,
      stage: name,
    });
    this.tell("info", "stage.end", { stage: name, seconds });
    return result;
  }

  /** Refreshes the heartbeat file. One that cannot be written is reported, and stops nothing. */
  async beat(state: Heartbeat["state"], next?: Date): Promise<void> {
    const beat: Heartbeat = {
      at: this.now().toISOString(),
      pid: Deno.pid,
      pipeline: this.pipeline,
      state,
      run: state === "running" ? this.run : undefined,
      stage: state === "running" ? this.#stage : undefined,
      next: next?.toISOString(),
    };
    // Replaced in one step, but not flushed: a heartbeat is worth nothing after a crash.
    const temporary = temporarySibling(this.heartbeat);
    try {
      await Deno.writeTextFile(temporary, `${JSON.stringify(beat)}\n`);
      await Deno.rename(temporary, this.heartbeat);
    } catch (error) {
      this.tell("warn", "heartbeat.failed", { reason: String(error) });
    }
  }

  /** Counts a finished run in OpenTelemetry's metrics. */
  count(figures: {
    outcome: string;
    rows?: { new: number; replayed: number; heldOut: number };
    refused?: number;
    missing?: number;
    fvu?: number | undefined;
  }): void {
    const { pipeline } = this;
    const made = instruments();
    made.runs.add(1, { pipeline, outcome: figures.outcome });
    if (figures.outcome === "promoted") made.promotions.add(1, { pipeline });
    made.refused.add(figures.refused ?? 0, { pipeline });
    made.missing.record(figures.missing ?? 0, { pipeline });
    for (const [kind, rows] of Object.entries(figures.rows ?? {})) {
      made.rows.add(rows, { pipeline, kind });
    }
    if (figures.fvu !== undefined) made.fvu.record(figures.fvu, { pipeline });
  }

  #span<T>(
    name: string,
    attributes: Attributes,
    work: () => Promise<T>,
  ): Promise<T> {
    const tracer = trace.getTracer("dbksvd", TOOL_VERSION);
    const all = { pipeline: this.pipeline, ...attributes };
    return tracer.startActiveSpan(name, { attributes: all }, async (span) => {
      try {
        return await work();
      } catch (error) {
        span.recordException(error as Error);
        span.setStatus({
          code: SpanStatusCode.ERROR,
          message: error instanceof Error ? error.message : String(error),
        });
        throw error;
      } finally {
        span.end();
      }
    });
  }
}

let made: ReturnType<typeof makeInstruments> | undefined;

/** The process's instruments: made once, on first use. */
function instruments() {
  return made ??= makeInstruments();
}

function makeInstruments() {
  const meter = metrics.getMeter("dbksvd", TOOL_VERSION);
  return {
    runs: meter.createCounter("dbksvd.pipeline.runs", {
      description: "Runs by outcome",
    }),
    promotions: meter.createCounter("dbksvd.pipeline.promotions", {
      description: "Versions promoted",
    }),
    refused: meter.createCounter("dbksvd.pipeline.files.refused", {
      description: "Input files refused",
    }),
    missing: meter.createGauge("dbksvd.pipeline.inputs.missing", {
      description: "Inputs that the last run could not see",
    }),
    rows: meter.createCounter("dbksvd.pipeline.rows", {
      description: "Rows by kind: new, replayed, heldOut",
    }),
    fvu: meter.createGauge("dbksvd.pipeline.fvu", {
      description: "Held-out FVU of the current version",
    }),
    stage: meter.createHistogram("dbksvd.pipeline.stage.seconds", {
      description: "Time of each stage",
      unit: "s",
    }),
  };
}
