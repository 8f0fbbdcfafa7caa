/** A row of features after the other, with a class for each. */
export interface LabelledRows {
  /** rows × width. */
  data: Float64Array;
  /** Features of a row. */
  width: number;
  /** 1 or 0 for each row. */
  positive: Uint8Array;
}

/** A linear probe: positive where ⟨weights, x⟩ + bias > 0. */
export interface LinearProbe {
  weights: Float64Array;
  bias: number;
}

/** Newton steps end at a gradient of this size, or after so many. */
const GRADIENT = 1e-8;
const NEWTON_STEPS = 100;

/**
 * Logistic regression on few features: minimises ½‖w‖² + C·Σ log(1 + exp(−s·(⟨w, x⟩ + b))) by Newton's method, the
 * bias free; scikit-learn's `LogisticRegression(C)`.
 *
 * @param rows features and classes
 * @param c C, the inverse strength of the penalty
 */
export function fitLogistic(rows: LabelledRows, c = 1): LinearProbe {
  const { width } = rows, size = width + 1;
  let at = new Float64Array(size), value = objective(rows, at, c);
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const { gradient, hessian } = derivatives(rows, at, c);
    if (Math.hypot(...gradient) < GRADIENT) break;
    const direction = solveDefinite(hessian, gradient);
    let length = 1, next = at, reached = Infinity;
    for (; length > 1e-10; length /= 2) {
      next = at.map((v, i) => v - length * direction[i]);
      reached = objective(rows, next, c);
      if (reached <= value) break;
    }
    if (!(reached < value)) break;
    at = next;
    value = reached;
  }
  return { weights: at.slice(0, width), bias: at[width] };
}

/** ⟨weights, x⟩ + bias of every row. */
export function decisions(
  { weights, bias }: LinearProbe,
  data: ArrayLike<number>,
  width: number,
): Float64Array {
  const out = new Float64Array(data.length / width);
  for (let i = 0; i < out.length; i++) {
    let sum = bias;
    for (let f = 0; f < width; f++) sum += weights[f] * data[i * width + f];
    out[i] = sum;
  }
  return out;
}

/** log(1 + exp(−v)), without overflow. */
export function softplus(v: number): number {
  return v > 0 ? Math.log1p(Math.exp(-v)) : Math.log1p(Math.exp(v)) - v;
}

/** 1/(1 + exp(−v)). */
export function sigmoid(v: number): number {
  return 1 / (1 + Math.exp(-v));
}

/** Σ log(1 + exp(−s·(⟨w, x⟩ + b))) over rows; w, and the bias b behind it. */
export function logisticLoss(
  { data, width, positive }: LabelledRows,
  at: Float64Array,
): number {
  let loss = 0;
  for (let i = 0; i < positive.length; i++) {
    let sum = at[width];
    for (let f = 0; f < width; f++) sum += at[f] * data[i * width + f];
    loss += softplus(positive[i] === 1 ? sum : -sum);
  }
  return loss;
}

function objective(rows: LabelledRows, at: Float64Array, c: number): number {
  let norm = 0;
  for (let f = 0; f < rows.width; f++) norm += at[f] * at[f];
  return norm / 2 + c * logisticLoss(rows, at);
}

function derivatives(
  { data, width, positive }: LabelledRows,
  at: Float64Array,
  c: number,
) {
  const size = width + 1;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  for (let f = 0; f < width; f++) {
    gradient[f] = at[f];
    hessian[f * size + f] = 1;
  }
  const x = new Float64Array(size);
  for (let i = 0; i < positive.length; i++) {
    let sum = at[width];
    for (let f = 0; f < width; f++) {
      x[f] = data[i * width + f];
      sum += at[f] * x[f];
    }
    x[width] = 1;
    const p = sigmoid(sum), off = c * (p - positive[i]);
    const weight = c * p * (1 - p);
    for (let f = 0; f < size; f++) {
      gradient[f] += off * x[f];
      for (let g = 0; g <= f; g++) {
        hessian[f * size + g] += weight * x[f] * x[g];
      }
    }
  }
  // The bias has no penalty of its own: where classes are separated wholly, its curvature vanishes.
  hessian[size * size - 1] += 1e-12;
  return { gradient, hessian };
}

/** Solves A·x = b for a positive definite A of which the lower triangle is given; A is overwritten by its factor. */
export function solveDefinite(
  a: Float64Array,
  b: Float64Array,
): Float64Array {
  const n = b.length, x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let p = 0; p < j; p++) sum -= a[i * n + p] * a[j * n + p];
      a[i * n + j] = i === j
        ? Math.sqrt(Math.max(sum, 1e-300))
        : sum / a[j * n + j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < i; p++) x[i] -= a[i * n + p] * x[p];
    x[i] /= a[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let p = i + 1; p < n; p++) x[i] -= a[p * n + i] * x[p];
    x[i] /= a[i * n + i];
  }
  return x;
}
