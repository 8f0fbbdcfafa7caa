import { areaUnderCurve, type ProbeScore, scoreOf } from "./scores.ts";
import {
  decisions,
  type LabelledRows,
  type LinearProbe,
  logisticLoss,
  sigmoid,
} from "./logistic.ts";

/** The strengths tried, C from 10⁵ down to 10⁻⁵. */
const STRENGTHS = Array.from({ length: 10 }, (_, i) => 10 ** (5 - i * 10 / 9));

/** Rows that strengths are compared on, of the training's, at most. */
const VALIDATION_ROWS = 100;

/** From so many training rows on, strengths are compared on the last of them; fewer are not compared. */
const FEWEST_TO_COMPARE = 128;

/** Outer and inner steps of a fit, and the change at which they end. */
const OUTER_STEPS = 60;
const INNER_STEPS = 200;
const CHANGE = 1e-9;

/** A probe by sae-probes' definition. */
export interface SparseLogistic {
  score: ProbeScore;
  /** The C that was chosen. */
  c: number;
}

/**
 * The probe of sae-probes: logistic regression with an L1 penalty, whose strength is chosen by the area under the
 * curve on the last training rows (a fifth, at most 100), and which is then fitted to all of them.
 *
 * @param train in random order
 * @param test what the score is of
 */
export function probeByL1(
  train: LabelledRows,
  test: LabelledRows,
): SparseLogistic {
  const c = chooseStrength(train);
  const probe = fitL1(train, c);
  const decided = decisions(probe, test.data, test.width);
  return { score: scoreOf(decided, test.positive), c };
}

function chooseStrength(train: LabelledRows): number {
  const rows = train.positive.length;
  if (rows < FEWEST_TO_COMPARE) return 1;
  const held = Math.min(Math.floor(rows / 5), VALIDATION_ROWS);
  const part = (from: number, to: number): LabelledRows => ({
    data: train.data.subarray(from * train.width, to * train.width),
    width: train.width,
    positive: train.positive.subarray(from, to),
  });
  const fitted = part(0, rows - held), watched = part(rows - held, rows);
  let best = STRENGTHS[0], most = -Infinity, start: LinearProbe | undefined;
  for (const c of STRENGTHS) {
    start = fitL1(fitted, c, start);
    const decided = decisions(start, watched.data, watched.width);
    const area = areaUnderCurve(decided, watched.positive);
    if (area > most) [best, most] = [c, area];
  }
  return best;
}

/**
 * Minimises ‖w‖₁ + C·Σ log(1 + exp(−s·(⟨w, x⟩ + b))), the bias free: Newton steps whose quadratic is minimised
 * coordinate by coordinate (Friedman, Hastie and Tibshirani 2010, "Regularization paths for generalized linear
 * models").
 *
 * @param rows features and classes
 * @param c C, the inverse strength of the penalty
 * @param start where to begin
 */
export function fitL1(
  rows: LabelledRows,
  c: number,
  start?: LinearProbe,
): LinearProbe {
  const { width } = rows, size = width + 1;
  let at = new Float64Array(size);
  if (start !== undefined) {
    at.set(start.weights);
    at[width] = start.bias;
  }
  let value = objective(rows, at, c);
  for (let step = 0; step < OUTER_STEPS; step++) {
    const target = minimiseQuadratic(quadratic(rows, at, c), at);
    let next = at, reached = Infinity;
    for (let length = 1; length > 1e-8; length /= 2) {
      next = at.map((v, i) => v + length * (target[i] - v));
      reached = objective(rows, next, c);
      if (reached <= value) break;
    }
    if (!(reached < value)) break;
    const gained = value - reached;
    [at, value] = [next, reached];
    if (gained < CHANGE * Math.max(1, Math.abs(value))) break;
  }
  return { weights: at.slice(0, width), bias: at[width] };
}

function objective(rows: LabelledRows, at: Float64Array, c: number): number {
  let norm = 0;
  for (let f = 0; f < rows.width; f++) norm += Math.abs(at[f]);
  return norm + c * logisticLoss(rows, at);
}

// The loss's gradient and curvature at a point.
function quadratic(
  { data, width, positive }: LabelledRows,
  at: Float64Array,
  c: number,
) {
  const size = width + 1;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  const x = new Float64Array(size);
  x[width] = 1;
  for (let i = 0; i < positive.length; i++) {
    let sum = at[width];
    for (let f = 0; f < width; f++) {
      x[f] = data[i * width + f];
      sum += at[f] * x[f];
    }
    const p = sigmoid(sum), off = c * (p - positive[i]);
    const weight = Math.max(c * p * (1 - p), c * 1e-9);
    for (let f = 0; f < size; f++) {
      if (x[f] === 0) continue;
      gradient[f] += off * x[f];
      for (let g = 0; g < size; g++) {
        hessian[f * size + g] += weight * x[f] * x[g];
      }
    }
  }
  for (let f = 0; f < size; f++) hessian[f * size + f] += 1e-12;
  return { gradient, hessian };
}

function minimiseQuadratic(
  { gradient, hessian }: { gradient: Float64Array; hessian: Float64Array },
  at: Float64Array,
): Float64Array {
  const size = at.length, x = at.slice();
  const slope = gradient.slice();
  for (let turn = 0; turn < INNER_STEPS; turn++) {
    let changed = 0;
    for (let f = 0; f < size; f++) {
      const curve = hessian[f * size + f];
      const free = curve * x[f] - slope[f];
      const next = f === size - 1
        ? free / curve
        : Math.sign(free) * Math.max(0, Math.abs(free) - 1) / curve;
      const change = next - x[f];
      if (change === 0) continue;
      for (let g = 0; g < size; g++) slope[g] += change * hessian[g * size + f];
      x[f] = next;
      changed = Math.max(changed, change * change * curve);
    }
    if (changed < CHANGE * CHANGE) break;
  }
  return x;
}
