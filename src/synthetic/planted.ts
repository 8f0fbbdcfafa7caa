import { DbksvdError } from "../errors.ts";
import { type RandomStream, randomStream } from "../random.ts";
import { SupportDraw } from "./draw.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** What planted data are made of. */
export interface PlantedOptions {
  /** N. */
  rows: number;
  /** n: dimensions of a row. */
  width: number;
  /** Atoms of the true dictionary. */
  atoms: number;
  /** Nonzeros a row. */
  sparsity: number;
  /** Coefficients: standard normal, 1 + U(0, 1), or exponential above ½. */
  coefficients: "normal" | "uniform" | "exponential";
  /** Length of a row's Gaussian noise as a share of the mean row length. */
  noise: number;
  /** Exponent of the atoms' use: the r-th most used has a chance of r⁻ˢ; 0 for equal use. */
  zipf: number;
  /** Chance, under 1, that an atom comes from its row's topic: atoms of a topic occur together. */
  correlation: number;
  /** Seed of all that is random. */
  seed: number;
}

/** Uncorrelated, evenly used atoms, a little noise. */
export const DEFAULT_PLANTED_OPTIONS: Readonly<PlantedOptions> = {
  rows: 10_000,
  width: 64,
  atoms: 256,
  sparsity: 5,
  coefficients: "normal",
  noise: 0.1,
  zipf: 0,
  correlation: 0,
  seed: 0,
};

/** Planted rows with the truth they were made from. */
export interface PlantedData {
  /** rows × width. */
  data: Float32Array<ArrayBuffer>;
  /** atoms × width, rows of unit length. */
  dictionary: Float32Array;
}

/** Rows a block: each has a random stream of its own, so that blocks can be made in any order. */
export const BLOCK_ROWS = 1024;

/**
 * Makes rows from a known dictionary, block by block.
 *
 * @throws {DbksvdError} `usage` for options that cannot be met
 */
export class PlantedRows {
  /** Everything the rows are made of. */
  readonly options: PlantedOptions;
  /** atoms × width, rows of unit length, directions uniform on the sphere. */
  readonly dictionary: Float32Array;
  readonly #supports: SupportDraw;
  readonly #spread: number;

  /** @param options what is left out takes {@linkcode DEFAULT_PLANTED_OPTIONS} */
  constructor(options: Partial<PlantedOptions> = {}) {
    this.options = { ...DEFAULT_PLANTED_OPTIONS, ...options };
    checkOptions(this.options);
    const { atoms, width, zipf, correlation, noise, seed } = this.options;
    this.dictionary = unitRows(atoms, width, randomStream(seed, "truth"));
    this.#supports = new SupportDraw(atoms, zipf, correlation, seed);
    this.#spread = noise === 0
      ? 0
      : noise * this.#meanLength() / Math.sqrt(width);
  }

  /** Rows in a block. */
  rowsOf(block: number): number {
    return Math.min(BLOCK_ROWS, this.options.rows - block * BLOCK_ROWS);
  }

  /** Makes one block: rows × width. */
  block(block: number): Float32Array<ArrayBuffer> {
    const { width, seed } = this.options;
    const rows = this.rowsOf(block);
    const data = this.#clean(block, rows);
    if (this.#spread === 0) return data;
    const random = randomStream(seed, "noise", block);
    for (let e = 0; e < rows * width; e++) {
      data[e] += this.#spread * random.normal();
    }
    return data;
  }

  /** Makes all rows at once. */
  all(): Float32Array<ArrayBuffer> {
    const { rows, width } = this.options;
    const data = new Float32Array(rows * width);
    for (let block = 0; block * BLOCK_ROWS < rows; block++) {
      data.set(this.block(block), block * BLOCK_ROWS * width);
    }
    return data;
  }

  #clean(block: number, rows: number): Float32Array<ArrayBuffer> {
    const { width, sparsity, coefficients, seed } = this.options;
    const random = randomStream(seed, "rows", block);
    const data = new Float32Array(rows * width);
    for (let i = 0; i < rows; i++) {
      for (const atom of this.#supports.draw(sparsity, random)) {
        const x = coefficient(coefficients, random);
        for (let p = 0; p < width; p++) {
          data[i * width + p] += x * this.dictionary[atom * width + p];
        }
      }
    }
    return data;
  }

  // The mean length of the first block's rows before noise: all rows are of one kind.
  #meanLength(): number {
    const { width } = this.options, rows = this.rowsOf(0);
    const data = this.#clean(0, rows);
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      let squares = 0;
      for (let p = i * width; p < (i + 1) * width; p++) squares += data[p] ** 2;
      sum += Math.sqrt(squares);
    }
    return sum / rows;
  }
}

/**
 * Plants rows in memory: what a dictionary learner should find again.
 *
 * @param options what is left out takes {@linkcode DEFAULT_PLANTED_OPTIONS}
 * @returns rows × width values, and the true dictionary
 * @throws {DbksvdError} `usage` for options that cannot be met
 *
 * @example
 * ```ts
 * import { plantRows, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const { data } = plantRows({ rows: 400, width: 16, atoms: 8, sparsity: 2, noise: 0 });
 * const { heldOut } = await train(rowsFromArray(data, 16), {
 *   atoms: 8,
 *   sparsity: 2,
 *   passes: 20,
 *   center: false,
 * }, { device: "cpu" });
 * assert(heldOut!.fvu < 0.2);
 * ```
 */
export function plantRows(options: Partial<PlantedOptions> = {}): PlantedData {
  requireKnownOptions(
    options,
    Object.keys(DEFAULT_PLANTED_OPTIONS),
    "plantRows()",
  );
  const planted = new PlantedRows(options);
  return { data: planted.all(), dictionary: planted.dictionary };
}

function coefficient(
  kind: PlantedOptions["coefficients"],
  random: RandomStream,
): number {
  if (kind === "normal") return random.normal();
  return kind === "uniform"
    ? 1 + random.uniform()
    : 0.5 - Math.log(1 - random.uniform());
}

function unitRows(
  rows: number,
  width: number,
  random: RandomStream,
): Float32Array {
  const out = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const row = Float64Array.from({ length: width }, () => random.normal());
    const length = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0));
    out.set(row.map((v) => v / length), i * width);
  }
  return out;
}

function checkOptions(options: PlantedOptions): void {
  const whole = ["rows", "width", "atoms", "sparsity"] as const;
  for (const name of whole) {
    if (Number.isSafeInteger(options[name]) && options[name] >= 1) continue;
    refuse(name, options[name], "a whole number of at least 1");
  }
  if (options.sparsity > options.atoms) {
    refuse("sparsity", options.sparsity, `at most --atoms (${options.atoms})`);
  }
  for (const name of ["noise", "zipf"] as const) {
    if (Number.isFinite(options[name]) && options[name] >= 0) continue;
    refuse(name, options[name], "a number of at least 0");
  }
  if (!(options.correlation >= 0 && options.correlation < 1)) {
    refuse("correlation", options.correlation, "a number from 0 up to, not 1");
  }
  if (!Number.isSafeInteger(options.seed)) {
    refuse("seed", options.seed, "a whole number");
  }
}

function refuse(option: string, value: unknown, needed: string): never {
  throw new DbksvdError("usage", `--${option} is "${value}"`, {
    mend: `it takes ${needed}`,
  });
}
