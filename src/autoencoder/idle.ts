/** An idle latent was active in none of so many rows, and of 8 times as many as a mean one takes to be active once. */
const IDLE_ROWS = 4096;
const IDLE_MEANS = 8;

/** It saw every row twice without being active, or a quarter of all that a training shows where rows are many. */
const IDLE_ROUNDS = 2;
const IDLE_SHARE = 0.25;

/** Which latents have been active in no row for long. They learn nothing, and have to begin again. */
export class IdleLatents {
  readonly #begun: Uint8Array;
  readonly #most: number;
  #silent: Uint32Array;
  #shown = 0;

  /**
   * @param latents how many there are
   * @param of k; rows to learn from; all rows that steps will show, every one as often as it comes
   */
  constructor(
    latents: number,
    { sparsity, rows, all }: { sparsity: number; rows: number; all: number },
  ) {
    this.#silent = new Uint32Array(latents);
    this.#begun = new Uint8Array(latents);
    this.#most = Math.max(
      IDLE_ROWS,
      IDLE_MEANS * latents / sparsity,
      Math.min(IDLE_ROUNDS * rows, IDLE_SHARE * all),
    );
  }

  /** Whether a latent may be idle: a GPU is asked no sooner, since asking it takes longer than a step. */
  get due(): boolean {
    const longest = this.#silent.reduce((a, b) => Math.max(a, b), 0);
    return longest + this.#shown >= this.#most;
  }

  /** The latents that are idle by what was last noted, in order. */
  get now(): number[] {
    return [...this.#silent.keys()]
      .filter((latent) => this.#silent[latent] >= this.#most);
  }

  /** How many have begun again so far. */
  get helped(): number {
    return this.#begun.reduce((sum, each) => sum + each, 0);
  }

  /** Takes note of a step's rows. */
  after(rows: number): void {
    this.#shown += rows;
  }

  /** Takes note of how many rows of steps each latent was active in none of up to now. */
  note(silent: Uint32Array): void {
    this.#silent = silent.slice();
    this.#shown = 0;
  }

  /** Takes note of latents that begin again. */
  begin(latents: readonly number[]): void {
    for (const latent of latents) {
      this.#silent[latent] = 0;
      this.#begun[latent] = 1;
    }
  }
}
