import type { EngineProgress } from "./engine.ts";

/** Milliseconds between two reports. */
const INTERVAL_MS = 250;

/** Tells whoever listens how far an engine's call is, four times a second at most; loops may call it every row. */
export class ProgressReporter {
  #last = performance.now();

  /** @param listener who is called; nobody where left out */
  constructor(readonly listener?: (progress: EngineProgress) => void) {}

  /** Reports where the last report is long enough ago. */
  report(stage: string, done: number, total: number): void {
    if (this.listener === undefined) return;
    const now = performance.now();
    if (now - this.#last < INTERVAL_MS) return;
    this.#last = now;
    this.listener({ stage, done, total });
  }
}
