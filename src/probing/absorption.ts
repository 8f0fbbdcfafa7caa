import type { Absorption } from "../metrics/probe_result.ts";
import { alongLatents, type WithAtoms } from "./directions.ts";
import type { DenseProbe } from "./dense_probe.ts";
import type { LabelledUnits, Task } from "./draw.ts";
import { columnsOf, type Features } from "./features.ts";
import { decisions, fitLogistic, sigmoid } from "./logistic.ts";
import { meanOfMeans } from "./paired.ts";

/** Classes that a dense probe tells less well than this, by F1, say nothing. */
const LEAST_F1 = 0.6;

/** A further latent is a main one where it adds so much F1; so many are tried. */
const MAIN_GAIN = 0.03;
const MOST_MAIN = 10;

/**
 * Other latents that may have absorbed a class: so many, of at least this cosine, and of this share of the
 * projection.
 */
const ABSORBING = 3;
const LEAST_COSINE = 0.1;
const LEAST_SHARE = 0.4;
const LEAST_FULL_COSINE = 0.025;

/** Weight of the L1 penalty, and steps, of the probe that orders latents. */
const PENALTY = 0.01;
const STEPS = 300;

/**
 * Feature absorption (Chanin et al. 2024; SAEBench 0.6): where a class is present, do the latents that stand for it
 * fire, or has a more specific one taken its direction over?
 *
 * @param contestant whose latents
 * @param tasks of all columns
 * @param dense the probe of every task
 * @returns means over classes, then over columns; undefined where no class is recognised well enough
 */
export function absorption(
  contestant: WithAtoms,
  tasks: readonly Task[],
  dense: ReadonlyMap<Task, DenseProbe>,
): Absorption | undefined {
  const measured = tasks.flatMap((task) => {
    const probe = dense.get(task)!;
    const decided = probe.decide(task.test);
    if (f1Of(decided, task.test.positive) < LEAST_F1) return [];
    const one = absorbed(contestant, task, probe, decided);
    return one === undefined ? [] : [{ ...one, label: task.label }];
  });
  if (measured.length === 0) return undefined;
  const labels = measured.map(({ label }) => label);
  const mean = (of: (one: typeof measured[number]) => number) =>
    meanOfMeans(measured.map(of), labels);
  return {
    fraction: mean(({ fraction }) => fraction),
    full: mean(({ full }) => full),
    mainF1: mean(({ mainF1 }) => mainF1),
    classes: measured.length,
  };
}

function absorbed(
  contestant: WithAtoms,
  task: Task,
  probe: DenseProbe,
  decided: Float64Array,
): Omit<Absorption, "classes"> | undefined {
  const { main, f1 } = mainLatents(contestant.features, task.train);
  if (main.size === 0) return undefined;
  const length = Math.hypot(...probe.weights);
  const latents = {
    main,
    // Of a latent of value 1, along the probe's direction; and its cosine with it.
    parts: alongLatents(contestant, probe.weights).map((v) => v / length),
    lengths: lengthsOf(contestant.dictionary, probe.weights.length),
  };
  let rows = 0, fraction = 0, full = 0;
  task.test.units.forEach((slot, i) => {
    if (task.test.positive[i] !== 1 || !(decided[i] > 0)) return;
    rows++;
    const projection = (decided[i] - probe.bias) / length;
    const row = absorbedIn(contestant.features, slot, projection, latents);
    fraction += row.fraction;
    if (row.full) full++;
  });
  if (rows === 0) return undefined;
  return { fraction: fraction / rows, full: full / rows, mainF1: f1 };
}

function absorbedIn(
  features: Features,
  slot: number,
  projection: number,
  { main, parts, lengths }: {
    main: ReadonlySet<number>;
    parts: Float64Array;
    lengths: Float64Array;
  },
): { fraction: number; full: boolean } {
  const others: { part: number; cosine: number }[] = [];
  let own = 0, fires = false;
  features.forEach(slot, (f, value) => {
    const part = value * parts[f];
    if (main.has(f)) {
      own += part;
      fires ||= value !== 0;
    } else if (part > 0) {
      others.push({ part, cosine: parts[f] / lengths[f % lengths.length] });
    }
  });
  others.sort((a, b) => b.part - a.part);
  const taken = others.filter(({ cosine }) => cosine >= LEAST_COSINE)
    .slice(0, ABSORBING).reduce((sum, { part }) => sum + part, 0);
  const [first] = others;
  const full = !fires && projection > 0 && first !== undefined &&
    first.cosine >= LEAST_FULL_COSINE &&
    first.part / projection >= LEAST_SHARE;
  if (own >= projection || !(taken / projection >= LEAST_SHARE)) {
    return { fraction: 0, full };
  }
  if (own <= 0) return { fraction: 1, full };
  const lost = Math.min(taken, projection - own);
  return { fraction: lost / (lost + own), full };
}

function lengthsOf(dictionary: Float32Array, width: number): Float64Array {
  return Float64Array.from(
    { length: dictionary.length / width },
    (_, atom) =>
      Math.hypot(...dictionary.subarray(atom * width, (atom + 1) * width)),
  );
}

// The latents that stand for a class: the first ones of an L1 probe, as long as each adds to what they tell together.
function mainLatents(
  features: Features,
  train: LabelledUnits,
): { main: Set<number>; f1: number } {
  const weights = orderingProbe(features, train);
  const order = [...weights.keys()].filter((f) => weights[f] > 0)
    .sort((a, b) => weights[b] - weights[a] || a - b).slice(0, MOST_MAIN);
  const main = new Set<number>();
  let f1 = 0;
  for (const [i, latent] of order.entries()) {
    const chosen = Uint32Array.from(order.slice(0, i + 1));
    const rows = columnsOf(features, train, chosen);
    const decided = decisions(fitLogistic(rows), rows.data, rows.width);
    const reached = f1Of(decided, train.positive);
    if (i > 0 && reached - f1 <= MAIN_GAIN) break;
    main.add(latent);
    f1 = reached;
  }
  return { main, f1 };
}

// The mean logistic loss with an L1 penalty over all latents, by accelerated proximal steps (Beck and Teboulle 2009).
function orderingProbe(
  features: Features,
  { units, positive }: LabelledUnits,
): Float64Array {
  const { count } = features;
  const step = 4 / steepest(features, units);
  let at = new Float64Array(count), ahead = at.slice(), pace = 1;
  let bias = 0;
  for (let turn = 0; turn < STEPS; turn++) {
    const slope = new Float64Array(count);
    let biasSlope = 0;
    units.forEach((slot, i) => {
      let sum = bias;
      features.forEach(slot, (f, value) => sum += ahead[f] * value);
      const off = (sigmoid(sum) - positive[i]) / units.length;
      biasSlope += off;
      features.forEach(slot, (f, value) => slope[f] += off * value);
    });
    const next = ahead.map((v, f) => {
      const moved = v - step * slope[f];
      return Math.sign(moved) * Math.max(0, Math.abs(moved) - step * PENALTY);
    });
    bias -= Math.min(step, 4) * biasSlope;
    const faster = (1 + Math.sqrt(1 + 4 * pace * pace)) / 2;
    const onwards = (pace - 1) / faster;
    ahead = next.map((v, f) => v + onwards * (v - at[f]));
    [at, pace] = [next, faster];
  }
  return at;
}

// The largest eigenvalue of ZᵀZ/rows, a little over it, by power steps.
function steepest(features: Features, units: Uint32Array): number {
  let direction = new Float64Array(features.count).fill(1), most = 1;
  for (let turn = 0; turn < 20; turn++) {
    const next = new Float64Array(features.count);
    units.forEach((slot) => {
      let sum = 0;
      features.forEach(slot, (f, value) => sum += direction[f] * value);
      features.forEach(slot, (f, value) => next[f] += sum * value);
    });
    const length = Math.sqrt(next.reduce((sum, v) => sum + v * v, 0));
    if (length === 0) return 1;
    most = length / units.length /
      Math.sqrt(direction.reduce((sum, v) => sum + v * v, 0));
    direction = next.map((v) => v / length);
  }
  return 1.2 * most + 1e-12;
}

function f1Of(decided: Float64Array, positive: Uint8Array): number {
  let both = 0, said = 0, of = 0;
  decided.forEach((value, i) => {
    if (value > 0) said++;
    of += positive[i];
    if (value > 0 && positive[i] === 1) both++;
  });
  return both === 0 ? 0 : 2 * both / (said + of);
}
