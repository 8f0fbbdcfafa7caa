import type { Fact } from "./width.ts";
import type { Io } from "./io.ts";
import { count, duration } from "../text.ts";
import { fitted, wrapped } from "./width.ts";

/** How far a job is. */
export interface ProgressState {
  /** What is being done, where a job does several things one after the other: "training". */
  phase?: string;
  /** What is done, in units of `unit`. */
  done: number;
  total: number;
  unit: string;
  /** FVU so far. */
  fvu?: number | undefined;
  /** Share of the time that the GPU was busy, 0 to 1. */
  busy?: number | undefined;
}

/** Shows how far a job is: a bar on a terminal, a plain line now and then elsewhere. */
export interface Progress {
  update(state: ProgressState): void;
  /** Takes the bar off the screen. */
  finish(): void;
  /** Writes a line without leaving a torn bar; on a terminal it is broken between words. */
  line(text: string): void;
}

const BAR_INTERVAL = 100;
/** A bar moves, by its clock at least, as often as this. */
const TICK = 1000;
/** Elsewhere a line comes as often as this in the first minute, */
const EARLY_INTERVAL = 10_000;
/** and as often as this after. */
const LATE_INTERVAL = 60_000;
const CLEAR_LINE = "\r\x1b[2K";

/** Progress of a named job on standard error. */
export function createProgress(
  io: Io,
  label: string,
  quiet: boolean,
): Progress {
  return quiet ? new Silence(io) : new Display(io, label);
}

class Silence implements Progress {
  constructor(readonly io: Io) {}

  update(): void {}

  finish(): void {}

  line(text: string): void {
    this.io.err(`${text}\n`);
  }
}

class Display implements Progress {
  readonly #started: number;
  #shown = -Infinity;
  #bar = "";
  #state: ProgressState | undefined;
  /** Where and when the present phase began: a resumed training begins in the middle. */
  #phase: { name?: string | undefined; done: number; at: number } | undefined;
  #stop: (() => void) | undefined;

  constructor(readonly io: Io, readonly label: string) {
    this.#started = io.now();
  }

  update(state: ProgressState): void {
    this.#stop ??= this.io.every(TICK, () => this.#tick());
    this.#state = state;
    const begins = this.#phase?.name !== state.phase ||
      this.#phase === undefined;
    if (begins) {
      this.#phase = { name: state.phase, done: state.done, at: this.io.now() };
    }
    if (this.io.terminal ? this.#due(BAR_INTERVAL) : begins) this.#show();
    else if (!this.io.terminal) this.#tick();
  }

  finish(): void {
    this.#stop?.();
    this.#stop = undefined;
    if (this.#bar !== "") this.io.err(CLEAR_LINE);
    this.#bar = "";
  }

  line(text: string): void {
    const { io } = this;
    const lines = io.terminal ? wrapped(text, io.columns()) : text;
    io.err(
      this.#bar === "" ? `${lines}\n` : `${CLEAR_LINE}${lines}\n${this.#bar}`,
    );
  }

  #due(interval: number): boolean {
    return this.io.now() - this.#shown >= interval;
  }

  #tick(): void {
    const early = this.io.now() - this.#started < LATE_INTERVAL;
    const interval = this.io.terminal
      ? BAR_INTERVAL
      : early
      ? EARLY_INTERVAL
      : LATE_INTERVAL;
    if (this.#due(interval)) this.#show();
  }

  #show(): void {
    const { io, label } = this;
    if (this.#state === undefined || this.#phase === undefined) return;
    this.#shown = io.now();
    const elapsed = (io.now() - this.#started) / 1000;
    const inPhase = (io.now() - this.#phase.at) / 1000;
    const facts = factsOf(this.#state, {
      elapsed,
      rate: (this.#state.done - this.#phase.done) / Math.max(inPhase, 1e-3),
    });
    if (!io.terminal) {
      return io.err(`${label}: ${facts.map(({ text }) => text).join(", ")}\n`);
    }
    const { done, total } = this.#state;
    this.#bar = fitted(
      label,
      done / Math.max(total, 1),
      facts,
      io.columns() - 1,
    );
    io.err(CLEAR_LINE + this.#bar);
  }
}

function factsOf(
  { phase, done, total, unit, fvu, busy }: ProgressState,
  { elapsed, rate }: { elapsed: number; rate: number },
): Fact[] {
  const facts: Fact[] = [];
  if (phase !== undefined) facts.push({ text: phase, rank: 3 });
  facts.push({
    text: `${Math.floor(100 * done / Math.max(total, 1))}%`,
    rank: 0,
  });
  facts.push({ text: `${count(done)} of ${count(total)} ${unit}`, rank: 4 });
  if (rate > 0) {
    facts.push({ text: `${count(rate)} ${unit}/s`, rank: 5 });
    facts.push({ text: `ETA ${duration((total - done) / rate)}`, rank: 1 });
  } else {
    facts.push({ text: duration(elapsed), rank: 1 });
  }
  if (fvu !== undefined) facts.push({ text: `FVU ${fvu.toFixed(4)}`, rank: 2 });
  if (busy !== undefined) {
    facts.push({ text: `GPU busy ${Math.round(100 * busy)}%`, rank: 6 });
  }
  return facts;
}
