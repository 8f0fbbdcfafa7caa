/** An idle latent was active in none of so many rows, and of 8 times as many as a mean one takes to be active once. */
const IDLE_ROWS = 4096;
const IDLE_MEANS = 8;

/** It saw every row twice without being active, or a quarter of all that a training shows where rows are many. */
const IDLE_ROUNDS = 2;
const IDLE_SHARE = 0.25;

/** Which latents have been active in no row for long. They learn nothing, and have to begin again. */
export class IdleLatents {
  readonly #rows: Float64Array;
  readonly #begun: Uint8Array;
  readonly #most: number;

  /**
   * @param latents how many there are
   * @param of k; rows to learn from; all rows that steps will show, every one as often as it comes
   */
  constructor(
    latents: number,
    { sparsity, rows, all }: { sparsity: number; rows: number; all: number },
  ) {
    this.#rows = new Float64Array(latents);
    this.#begun = new Uint8Array(latents);
    this.#most = Math.max(
      IDLE_ROWS,
      IDLE_MEANS * latents / sparsity,
      Math.min(IDLE_ROUNDS * rows, IDLE_SHARE * all),
    );
  }

  /** The latents that are idle, in order. */
  get now(): number[] {
    return [...this.#rows.keys()]
      .filter((latent) => this.#rows[latent] >= this.#most);
  }

  /** How many have begun again so far. */
  get helped(): number {
    return this.#begun.reduce((sum, each) => sum + each, 0);
  }

  /** Takes note of how often latents were active in a step's rows. */
  after(uses: Uint32Array, rows: number): void {
    uses.forEach((number, latent) => {
      this.#rows[latent] = number > 0 ? 0 : this.#rows[latent] + rows;
    });
  }

  /** Takes note of latents that begin again. */
  begin(latents: readonly number[]): void {
    for (const latent of latents) {
      this.#rows[latent] = 0;
      this.#begun[latent] = 1;
    }
  }
}
