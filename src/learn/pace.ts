/** Iterations that take longer are waited for one by one: a wait costs 10 ms. */
const SLOW_MS = 500;

/** How long a training's iterations take. */
export class Pace {
  #milliseconds = Infinity;
  #noted: { iteration: number; time: number } | undefined;

  /** Whether iterations are slow; also as long as nothing is known. */
  get isSlow(): boolean {
    return this.#milliseconds >= SLOW_MS;
  }

  /** Notes that so many iterations have ended by now. */
  note(iteration: number): void {
    const time = performance.now();
    if (this.#noted !== undefined && iteration > this.#noted.iteration) {
      const done = iteration - this.#noted.iteration;
      this.#milliseconds = (time - this.#noted.time) / done;
    }
    this.#noted = { iteration, time };
  }
}
