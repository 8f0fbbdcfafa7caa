import type { Io } from "./io.ts";
import { count, duration } from "./text.ts";

/** How far a job is. */
export interface ProgressState {
  /** What is done, in units of `unit`. */
  done: number;
  total: number;
  unit: string;
  /** FVU so far. */
  fvu?: number;
  /** Share of the time that the GPU was busy, 0 to 1. */
  busy?: number;
}

/** Shows how far a job is: a bar on a terminal, a plain line now and then elsewhere. */
export interface Progress {
  update(state: ProgressState): void;
  /** Takes the bar off the screen. */
  finish(): void;
  /** Writes a line without leaving a torn bar. */
  line(text: string): void;
}

const BAR_INTERVAL = 100;
const LINE_INTERVAL = 10_000;
const BAR_CELLS = 24;
const CLEAR_LINE = "\r\x1b[2K";

/** Progress of a named job on standard error. */
export function createProgress(
  io: Io,
  label: string,
  quiet: boolean,
): Progress {
  const started = io.now();
  let shown = io.terminal ? -Infinity : started;
  let bar = "";
  return {
    update(state) {
      if (quiet) return;
      const now = io.now();
      if (now - shown < (io.terminal ? BAR_INTERVAL : LINE_INTERVAL)) return;
      shown = now;
      const facts = describe(state, (now - started) / 1000);
      if (io.terminal) {
        bar = fit(`${label} ${cells(state.done / state.total)} ${facts}`, io);
        io.err(CLEAR_LINE + bar);
      } else {
        io.err(`${label}: ${facts}\n`);
      }
    },
    finish() {
      if (bar !== "") io.err(CLEAR_LINE);
      bar = "";
    },
    line(text) {
      io.err(bar === "" ? `${text}\n` : `${CLEAR_LINE}${text}\n${bar}`);
    },
  };
}

function describe(state: ProgressState, seconds: number): string {
  const rate = state.done / Math.max(seconds, 1e-3);
  const left = (state.total - state.done) / Math.max(rate, 1e-9);
  return [
    `${Math.floor(100 * state.done / state.total)}%`,
    `${count(state.done)} of ${count(state.total)} ${state.unit}`,
    `${count(rate)} ${state.unit}/s`,
    `ETA ${duration(left)}`,
    ...(state.fvu === undefined ? [] : [`FVU ${state.fvu.toFixed(4)}`]),
    ...(state.busy === undefined
      ? []
      : [`GPU busy ${Math.round(100 * state.busy)}%`]),
  ].join(", ");
}

function cells(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR_CELLS);
  return `${"█".repeat(full)}${"░".repeat(BAR_CELLS - full)}`;
}

function fit(text: string, io: Io): string {
  return [...text].slice(0, Math.max(20, io.columns() - 1)).join("");
}
