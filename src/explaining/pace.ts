/** Requests at a steady pace: each is given the time that it may begin at. */
export class Pace {
  #free = 0;

  /** @param perMinute requests a minute, at most */
  constructor(readonly perMinute: number) {}

  /** Takes the next time; gives the milliseconds until then. */
  next(now: number = performance.now()): number {
    const at = Math.max(now, this.#free);
    this.#free = at + 60_000 / this.perMinute;
    return at - now;
  }
}
