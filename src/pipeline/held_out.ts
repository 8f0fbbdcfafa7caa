import { randomStream } from "../random.ts";
import type { RowSet } from "../rows/source.ts";
import type { PipelineSettings } from "./config.ts";

/**
 * The rows of one file that are never trained on: one of every 1/share consecutive rows, chosen by the seed, the file's
 * name and the place alone. A file that only grew keeps its choice.
 */
export class HeldOutRows implements RowSet {
  readonly size: number;
  readonly #block: number;
  readonly #seed: number;
  readonly #name: string;
  #lastBlock = -1;
  #lastChoice = -1;

  /**
   * @param seed the training's seed
   * @param name the file's name in the manifest
   * @param rows rows in the file
   * @param limit the share held out, and most rows
   */
  constructor(
    seed: number,
    name: string,
    rows: number,
    limit: { share: number; maxRows: number },
  ) {
    this.#seed = seed;
    this.#name = name;
    this.#block = Math.max(
      Math.round(1 / limit.share),
      Math.ceil(rows / limit.maxRows),
    );
    const whole = Math.floor(rows / this.#block);
    this.size = this.#choice(whole) < rows ? whole + 1 : whole;
  }

  has(row: number): boolean {
    const block = Math.floor(row / this.#block);
    return block < this.size && row === this.#choice(block);
  }

  #choice(block: number): number {
    if (block !== this.#lastBlock) {
      const random = randomStream(this.#seed, "held-out", this.#name, block);
      const start = block * this.#block;
      this.#lastChoice = start + random.integer(this.#block);
      this.#lastBlock = block;
    }
    return this.#lastChoice;
  }
}

/** Which rows of a file are never trained on. */
export function heldOutRowsOf(
  input: { path: string },
  fileRows: number,
  { train, evaluation }: PipelineSettings,
): HeldOutRows {
  return new HeldOutRows(train.seed, input.path, fileRows, {
    share: evaluation.share,
    maxRows: evaluation.maxRowsPerDrop,
  });
}

/** Row sets of several files, one after the other, as one set over their joint row numbers. */
export function joinRowSets(
  parts: readonly { rows: number; set: RowSet }[],
): RowSet {
  const starts: number[] = [];
  let start = 0;
  for (const { rows } of parts) {
    starts.push(start);
    start += rows;
  }
  let at = 0;
  return {
    size: parts.reduce((sum, { set }) => sum + set.size, 0),
    has(row) {
      while (at > 0 && row < starts[at]) at--;
      while (at + 1 < parts.length && row >= starts[at + 1]) at++;
      return parts[at]?.set.has(row - starts[at]) ?? false;
    },
  };
}
