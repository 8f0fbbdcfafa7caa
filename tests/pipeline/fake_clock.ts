import type { PipelineClock } from "../../src/pipeline/schedule.ts";

const MINUTE = 60_000;

/** A clock whose minutes pass as fast as they are used. */
export class FakeClock implements PipelineClock {
  #time: number;

  /**
   * @param start the first minute
   * @param end when the schedule is stopped
   * @param between called at the beginning of every minute, before it ticks
   */
  constructor(
    start: string,
    readonly end: string,
    readonly between: (time: Date) => Promise<void> | void = () => {},
  ) {
    this.#time = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#time);
  }

  /** Lets time pass, as a long run does. */
  pass(minutes: number): void {
    this.#time += minutes * MINUTE;
  }

  async everyMinute(
    tick: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    while (this.#time < Date.parse(this.end) && !signal.aborted) {
      await this.between(this.now());
      await tick();
      this.#time = (Math.floor(this.#time / MINUTE) + 1) * MINUTE;
    }
  }
}
