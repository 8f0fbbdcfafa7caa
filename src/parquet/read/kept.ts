/** Things made from a file's bytes, by their place in it: kept as far as their bytes fit, oldest gone first. */
export class Kept<T> {
  readonly #held = new Map<number, { bytes: number; value: T }>();
  #bytes = 0;

  /**
   * @param mostBytes what they may take together; the last one is always kept
   * @param drop called with what is no longer kept
   */
  constructor(
    readonly mostBytes: number,
    readonly drop: (value: T) => void = () => undefined,
  ) {}

  /** What is kept for a place, or else what `make` gives, which takes `bytes`. */
  of(place: number, bytes: number, make: () => T): T {
    const held = this.#held.get(place);
    if (held !== undefined) return held.value;
    // Before the new one is made, which can then lie in memory that is still cached.
    this.#makeRoom(bytes);
    const value = make();
    this.#held.set(place, { bytes, value });
    this.#bytes += bytes;
    return value;
  }

  #makeRoom(bytes: number) {
    for (const [place, old] of this.#held) {
      if (this.#bytes + bytes <= this.mostBytes) return;
      this.#held.delete(place);
      this.#bytes -= old.bytes;
      this.drop(old.value);
    }
  }
}
