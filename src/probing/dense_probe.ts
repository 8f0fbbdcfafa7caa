import type { LabelledUnits } from "./draw.ts";
import type { DenseFeatures } from "./features.ts";
import {
  decisions,
  type LabelledRows,
  type LinearProbe,
  sigmoid,
  softplus,
} from "./logistic.ts";

/** C of dense probes: the penalty keeps them from learning the rows by heart. */
const DENSE_C = 0.1;

/** Steps at most, and the gradient at which they end, as a share of the first one. */
const STEPS = 200;
const GRADIENT_SHARE = 1e-5;

/** Earlier steps that curvature is estimated from. */
const MEMORY = 10;

/** How a dense probe is fitted. */
export interface DenseOptions {
  /** C of the penalty ½‖w‖². */
  c: number;
  /** Weight of every positive row, for classes that are not balanced; 1 by default. */
  positiveWeight?: number;
}

/**
 * Logistic regression on many features, by L-BFGS (Nocedal and Wright, Numerical Optimization, 2006, chapter 7).
 *
 * @param rows features and classes
 * @param options the penalty
 */
export function fitDense(
  rows: LabelledRows,
  options: DenseOptions,
): LinearProbe {
  const { width } = rows;
  let at = new Float64Array(width + 1);
  let { value, gradient } = evaluate(rows, at, options);
  const enough = GRADIENT_SHARE * norm(gradient);
  const steps: Float64Array[] = [], changes: Float64Array[] = [];
  for (let step = 0; step < STEPS && norm(gradient) > enough; step++) {
    const direction = searchDirection(gradient, steps, changes);
    const slope = inner(direction, gradient);
    let length = step === 0 ? Math.min(1, 1 / norm(gradient)) : 1;
    let next = at, found = { value, gradient };
    for (; length > 1e-12; length /= 2) {
      next = at.map((v, i) => v + length * direction[i]);
      found = evaluate(rows, next, options);
      if (found.value <= value + 1e-4 * length * slope) break;
    }
    if (!(found.value < value)) break;
    steps.push(next.map((v, i) => v - at[i]));
    changes.push(found.gradient.map((v, i) => v - gradient[i]));
    if (steps.length > MEMORY) steps.shift(), changes.shift();
    at = next;
    ({ value, gradient } = found);
  }
  return { weights: at.slice(0, width), bias: at[width] };
}

/** A probe of all coordinates for one task: what can be separated linearly. */
export class DenseProbe {
  readonly #rows: DenseFeatures;
  readonly #probe: LinearProbe;

  /**
   * Fits it.
   *
   * @param rows of all units, by slot
   * @param train the units for fitting
   */
  constructor(rows: DenseFeatures, train: LabelledUnits) {
    this.#rows = rows;
    this.#probe = fitDense(this.#columns(train), { c: DENSE_C });
  }

  /** w. */
  get weights(): Float64Array {
    return this.#probe.weights;
  }

  /** b. */
  get bias(): number {
    return this.#probe.bias;
  }

  /** ⟨w, y⟩ + b of units. */
  decide(units: LabelledUnits): Float64Array {
    return decisions(this.#probe, this.#columns(units).data, this.#rows.count);
  }

  #columns({ units, positive }: LabelledUnits): LabelledRows {
    const { data, count: width } = this.#rows;
    const columns = new Float64Array(units.length * width);
    units.forEach((slot, i) =>
      columns.set(data.subarray(slot * width, (slot + 1) * width), i * width)
    );
    return { data: columns, width, positive };
  }
}

function searchDirection(
  gradient: Float64Array,
  steps: readonly Float64Array[],
  changes: readonly Float64Array[],
): Float64Array {
  const q = gradient.slice(), shares: number[] = [];
  for (let i = steps.length - 1; i >= 0; i--) {
    shares[i] = inner(steps[i], q) / inner(steps[i], changes[i]);
    add(q, changes[i], -shares[i]);
  }
  const last = steps.length - 1;
  if (last >= 0) {
    const scale = inner(steps[last], changes[last]) /
      inner(changes[last], changes[last]);
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  steps.forEach((taken, i) => {
    const share = inner(changes[i], q) / inner(taken, changes[i]);
    add(q, taken, shares[i] - share);
  });
  return q.map((v) => -v);
}

function evaluate(
  { data, width, positive }: LabelledRows,
  at: Float64Array,
  { c, positiveWeight = 1 }: DenseOptions,
) {
  const gradient = new Float64Array(width + 1);
  let value = 0;
  for (let f = 0; f < width; f++) {
    value += at[f] * at[f] / 2;
    gradient[f] = at[f];
  }
  for (let i = 0; i < positive.length; i++) {
    const row = i * width;
    let sum = at[width];
    for (let f = 0; f < width; f++) sum += at[f] * data[row + f];
    const weight = positive[i] === 1 ? c * positiveWeight : c;
    value += weight * softplus(positive[i] === 1 ? sum : -sum);
    const off = weight * (sigmoid(sum) - positive[i]);
    for (let f = 0; f < width; f++) gradient[f] += off * data[row + f];
    gradient[width] += off;
  }
  return { value, gradient };
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(inner(a, a));
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let i = 0; i < to.length; i++) to[i] += times * what[i];
}
