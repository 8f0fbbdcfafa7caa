import { pauseIfDue } from "../pause.ts";
import { dot } from "../engine/reference/products.ts";
import { multiplyFast } from "../engine/multiply.ts";
import { type Choice, chooseLargest } from "./largest.ts";

const MEAN_DECAY = 0.9;
const SQUARE_DECAY = 0.999;
const EPSILON = 1e-8;

/** Decoder rows of non-negative latents: D, or [D; −D] where codes are signed. */
export interface Latents {
  width: number;
  atoms: number;
  /** atoms × width, unit rows. */
  dictionary: Float32Array;
}

/** Which pre-activations are active: the k largest of every row, or the k·rows largest of all rows together. */
export type Selection = "row" | "batch";

/** Of a row's pre-activations, so many times k are looked at where rows are selected from together. */
const CANDIDATES = 4;

/** Multiplications (rows × latents × width) between two looks at the signal. */
const CALL_WORK = 2 ** 26;

/** Adam on an encoder's weights; only latents that a step's rows chose are touched (the gradient of TopK is sparse). */
export class EncoderOptimiser {
  readonly bias: Float32Array;
  readonly #latents: Latents;
  readonly #weights: Float32Array;
  readonly #rows: Float32Array;
  /** Entry width of a latent's gradient is the bias's. */
  readonly #gradient: Map<number, Float64Array> = new Map();
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  readonly #steps: Uint32Array;
  readonly #selection: Selection;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param latents decoder rows, which stay
   * @param weights atoms × width, changed in place
   * @param rows normalised rows
   * @param selection which pre-activations are active
   * @param signal ends every call, throwing its reason
   */
  constructor(
    latents: Latents,
    weights: Float32Array,
    rows: Float32Array,
    selection: Selection,
    signal?: AbortSignal,
  ) {
    this.#signal = signal;
    this.#selection = selection;
    this.#latents = latents;
    this.#weights = weights;
    this.#rows = rows;
    this.bias = new Float32Array(latents.atoms);
    this.#mean = new Float32Array(latents.atoms * (latents.width + 1));
    this.#square = new Float32Array(latents.atoms * (latents.width + 1));
    this.#steps = new Uint32Array(latents.atoms);
  }

  /** The active pre-activations of rows start ≤ row < end: k a row, exactly or on average. */
  async choose(start: number, end: number, k: number): Promise<Choice[]> {
    if (this.#selection === "row") return await this.#largest(start, end, k);
    const candidates = await this.#largest(start, end, CANDIDATES * k);
    const floor = floorOf(candidates, k);
    return candidates.map(({ indices, values }) => {
      const kept = indices.keys().filter((i) => values[i] > floor).toArray();
      return {
        indices: kept.map((i) => indices[i]),
        values: kept.map((i) => values[i]),
      };
    });
  }

  /** The value that k pre-activations a row exceed on average, over rows start ≤ row < end. */
  async floor(start: number, end: number, k: number): Promise<number> {
    return floorOf(await this.#largest(start, end, CANDIDATES * k), k);
  }

  async #largest(start: number, end: number, k: number): Promise<Choice[]> {
    const { width, atoms } = this.#latents;
    const most = Math.max(1, Math.floor(CALL_WORK / (atoms * width)));
    const choices: Choice[] = [];
    for (let from = start; from < end; from += most) {
      await pauseIfDue(this.#signal);
      const to = Math.min(end, from + most);
      const rows = this.#rows.subarray(from * width, to * width);
      choices.push(
        ...chooseOf(rows, to - from, this.#weights, this.bias, width, k),
      );
    }
    return choices;
  }

  /** The factor g that makes g·ŷ the best: Σ⟨ŷ, y⟩/Σ‖ŷ‖². */
  async bestFactor(start: number, end: number, k: number): Promise<number> {
    const { width } = this.#latents;
    let cross = 0;
    let energy = 0;
    const choices = await this.choose(start, end, k);
    for (const [i, choice] of choices.entries()) {
      await pauseIfDue(this.#signal);
      const rebuilt = this.#rebuild(choice);
      cross += dot(rebuilt, 0, this.#rows, (start + i) * width, width);
      energy += dot(rebuilt, 0, rebuilt, 0, width);
    }
    return energy > 0 ? cross / energy : 1;
  }

  /** One step on rows start ≤ row < end. */
  async step(
    start: number,
    end: number,
    k: number,
    { rate }: { rate: number },
  ): Promise<void> {
    const { width, dictionary } = this.#latents;
    this.#gradient.clear();
    const choices = await this.choose(start, end, k);
    for (const [i, choice] of choices.entries()) {
      await pauseIfDue(this.#signal);
      const at = (start + i) * width;
      const error = this.#rebuild(choice);
      for (let d = 0; d < width; d++) error[d] -= this.#rows[at + d];
      for (const latent of choice.indices) {
        const slope = dot(error, 0, dictionary, latent * width, width);
        this.#accumulate(latent, slope / (end - start), at);
      }
    }
    for (const [latent, gradient] of this.#gradient) {
      await pauseIfDue(this.#signal);
      this.#update(latent, gradient, rate);
    }
  }

  #rebuild({ indices, values }: Choice): Float64Array {
    const { width, dictionary } = this.#latents;
    const rebuilt = new Float64Array(width);
    indices.forEach((latent, slot) => {
      const value = values[slot];
      const from = latent * width;
      for (let d = 0; d < width; d++) {
        rebuilt[d] += value * dictionary[from + d];
      }
    });
    return rebuilt;
  }

  #accumulate(latent: number, slope: number, at: number) {
    const { width } = this.#latents;
    let gradient = this.#gradient.get(latent);
    if (gradient === undefined) {
      this.#gradient.set(latent, gradient = new Float64Array(width + 1));
    }
    for (let d = 0; d < width; d++) gradient[d] += slope * this.#rows[at + d];
    gradient[width] += slope;
  }

  #update(latent: number, gradient: Float64Array, rate: number) {
    const { width } = this.#latents;
    const step = ++this.#steps[latent];
    const meanShare = 1 - MEAN_DECAY ** step;
    const squareShare = 1 - SQUARE_DECAY ** step;
    const state = latent * (width + 1);
    for (let d = 0; d <= width; d++) {
      const g = gradient[d];
      const mean = MEAN_DECAY * this.#mean[state + d] + (1 - MEAN_DECAY) * g;
      const square = SQUARE_DECAY * this.#square[state + d] +
        (1 - SQUARE_DECAY) * g * g;
      this.#mean[state + d] = mean;
      this.#square[state + d] = square;
      const change = rate * (mean / meanShare) /
        (Math.sqrt(square / squareShare) + EPSILON);
      if (d === width) this.bias[latent] -= change;
      else this.#weights[latent * width + d] -= change;
    }
  }
}

/** Pre-activations of rows and the k largest of each, those above zero. */
function chooseOf(
  rows: Float32Array,
  count: number,
  weights: Float32Array,
  bias: Float32Array,
  width: number,
  k: number,
): Choice[] {
  const atoms = bias.length;
  const pre = new Float32Array(count * atoms);
  multiplyFast(rows, count, weights, atoms, width, pre);
  return Array.from({ length: count }, (_, row) => {
    const values = pre.subarray(row * atoms, (row + 1) * atoms);
    for (let j = 0; j < atoms; j++) values[j] += bias[j];
    return chooseLargest(values, k);
  });
}

function floorOf(candidates: Choice[], k: number): number {
  const all = candidates.flatMap(({ values }) => values);
  all.sort((a, b) => b - a);
  return Math.max(0, all[k * candidates.length] ?? 0);
}
