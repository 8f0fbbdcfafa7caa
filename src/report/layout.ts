import { EMPTY_SLOT } from "../engine/engine.ts";
import { type RandomStream, randomStream } from "../random.ts";
import type { NearestAtoms } from "./data.ts";

const NEGATIVES = 5;
/** Where attraction and repulsion balance: 1/(1 + 1.6 d²) is near UMAP's curve for a least distance of 0.1. */
const CURVE = 1.6;
const STEP_LIMIT = 4;
const POWER_STEPS = 80;
/** Where the crowd ends and the pulled-in few begin. */
const RIM = 0.94;

interface Edges {
  from: Uint32Array;
  to: Uint32Array;
  /** In (0, 1], the strongest 1. */
  weight: Float64Array;
}

/**
 * Places atoms on a plane so that atoms with near directions (by |cosine|: the sign of an atom means nothing) lie
 * near each other. The neighbour graph gets UMAP's fuzzy weights (McInnes, Healy, Melville 2018, arXiv 1802.03426,
 * section 3), starts from a spectral layout, and is relaxed by sampled attraction and repulsion. Deterministic for a
 * seed.
 *
 * @param atoms m
 * @param nearest the nearest atoms of every atom, ten or so
 * @param seed of the sampling
 * @returns m × 2 positions in [−1, 1]
 */
export function layoutAtoms(
  atoms: number,
  nearest: NearestAtoms,
  seed = 0,
): Float32Array {
  const random = randomStream(seed, "atom layout");
  const edges = fuzzyEdges(atoms, nearest);
  const positions = spectralStart(atoms, edges, random);
  relax(positions, edges, atoms > 4096 ? 200 : 400, random);
  return intoUnitSquare(positions);
}

function fuzzyEdges(atoms: number, nearest: NearestAtoms): Edges {
  const { count, indices, cosines } = nearest;
  const weights = new Map<number, number>();
  for (let atom = 0; atom < atoms; atom++) {
    const distances: number[] = [];
    for (let c = 0; c < count; c++) {
      if (indices[atom * count + c] === EMPTY_SLOT) break;
      distances.push(1 - Math.abs(cosines[atom * count + c]));
    }
    const strengths = fuzzyStrengths(distances);
    strengths.forEach((strength, c) => {
      const other = indices[atom * count + c];
      const key = Math.min(atom, other) * atoms + Math.max(atom, other);
      const known = weights.get(key) ?? 0;
      weights.set(key, known + strength - known * strength);
    });
  }
  const kept = [...weights].sort((a, b) => a[0] - b[0]);
  return {
    from: Uint32Array.from(kept, ([key]) => Math.floor(key / atoms)),
    to: Uint32Array.from(kept, ([key]) => key % atoms),
    weight: Float64Array.from(kept, ([, weight]) => weight),
  };
}

// exp(−(d − nearest d)/σ), with σ such that they add up to log2 of their number (plus one, so that one or two still
// count).
function fuzzyStrengths(distances: number[]): number[] {
  const first = distances[0];
  const target = Math.log2(distances.length + 1);
  const at = (sigma: number) =>
    distances.map((distance) => Math.exp((first - distance) / sigma));
  let low = 1e-5;
  let high = 10;
  for (let step = 0; step < 40; step++) {
    const middle = Math.sqrt(low * high);
    const sum = at(middle).reduce((a, b) => a + b, 0);
    if (sum > target) high = middle;
    else low = middle;
  }
  return at(low);
}

/**
 * The two leading non-trivial eigenvectors of the normalised graph, by orthogonal iteration. A faint link between all
 * atoms keeps small separate components from taking the vectors for themselves.
 */
function spectralStart(
  atoms: number,
  edges: Edges,
  random: RandomStream,
): Float64Array {
  const degree = new Float64Array(atoms);
  for (let e = 0; e < edges.weight.length; e++) {
    degree[edges.from[e]] += edges.weight[e];
    degree[edges.to[e]] += edges.weight[e];
  }
  const faint = degree.reduce((a, b) => a + b, 0) / atoms / 4 + 1e-9;
  const root = degree.map((value) => Math.sqrt(value + faint));
  const trivial = unit(root.slice());
  let first = unit(Float64Array.from(root, () => random.normal()));
  let second = unit(Float64Array.from(root, () => random.normal()));
  for (let step = 0; step < POWER_STEPS; step++) {
    first = unit(without(spread(first, edges, root, faint), trivial));
    second = without(spread(second, edges, root, faint), trivial);
    second = unit(without(second, first));
  }
  const positions = new Float64Array(2 * atoms);
  const scale = 4 * Math.sqrt(atoms);
  for (let atom = 0; atom < atoms; atom++) {
    positions[2 * atom] = scale * first[atom] / root[atom] *
        Math.sqrt(faint) + 0.1 * random.normal();
    positions[2 * atom + 1] = scale * second[atom] / root[atom] *
        Math.sqrt(faint) + 0.1 * random.normal();
  }
  return positions;
}

// (I + normalised adjacency) x: the shift keeps negative eigenvalues out of the way.
function spread(
  x: Float64Array,
  edges: Edges,
  root: Float64Array,
  faint: number,
): Float64Array {
  const scaled = x.map((value, atom) => value / root[atom]);
  const mean = faint * scaled.reduce((a, b) => a + b, 0) / x.length;
  const sums = new Float64Array(x.length).fill(mean);
  for (let e = 0; e < edges.weight.length; e++) {
    sums[edges.from[e]] += edges.weight[e] * scaled[edges.to[e]];
    sums[edges.to[e]] += edges.weight[e] * scaled[edges.from[e]];
  }
  return sums.map((sum, atom) => x[atom] + sum / root[atom]);
}

function without(x: Float64Array, direction: Float64Array): Float64Array {
  const along = x.reduce((sum, value, i) => sum + value * direction[i], 0);
  return x.map((value, i) => value - along * direction[i]);
}

function unit(x: Float64Array): Float64Array {
  const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? x : x.map((value) => value / length);
}

// Each edge pulls its ends together as often as it is strong; random other atoms push away.
function relax(
  positions: Float64Array,
  edges: Edges,
  epochs: number,
  random: RandomStream,
) {
  const atoms = positions.length / 2;
  const due = new Float64Array(edges.weight.length);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 1 - epoch / epochs;
    for (let e = 0; e < due.length; e++) {
      due[e] += edges.weight[e];
      if (due[e] < 1) continue;
      due[e] -= 1;
      const a = epoch % 2 === 0 ? edges.from[e] : edges.to[e];
      const b = edges.from[e] + edges.to[e] - a;
      push(positions, a, b, rate, true);
      for (let n = 0; n < NEGATIVES; n++) {
        const other = random.integer(atoms);
        if (other !== a) push(positions, a, other, rate, false);
      }
    }
  }
}

function push(
  positions: Float64Array,
  a: number,
  b: number,
  rate: number,
  together: boolean,
) {
  const dx = positions[2 * a] - positions[2 * b];
  const dy = positions[2 * a + 1] - positions[2 * b + 1];
  const square = dx * dx + dy * dy;
  const force = together
    ? -2 * CURVE / (1 + CURVE * square)
    : 2 / ((0.001 + square) * (1 + CURVE * square));
  const x = rate * clamp(force * dx);
  const y = rate * clamp(force * dy);
  positions[2 * a] += x;
  positions[2 * a + 1] += y;
  if (!together) return;
  positions[2 * b] -= x;
  positions[2 * b + 1] -= y;
}

function clamp(step: number): number {
  return Math.max(-STEP_LIMIT, Math.min(STEP_LIMIT, step));
}

// Each axis centred on its median and filled; the farthest few are pulled in to the rim, so that they do not shrink
// the others.
function intoUnitSquare(positions: Float64Array): Float32Array {
  const placed = new Float32Array(positions.length);
  for (const axis of [0, 1]) {
    const values = positions.filter((_, i) => i % 2 === axis);
    const middle = values.slice().sort()[values.length >> 1] ?? 0;
    const reach = values.map((value) => Math.abs(value - middle)).sort();
    const edge = reach[Math.floor(0.995 * (reach.length - 1))] || 1;
    values.forEach((value, i) => {
      placed[2 * i + axis] = pulledIn(RIM * (value - middle) / edge);
    });
  }
  return placed;
}

// As it is up to the rim, then ever slower towards 1.
function pulledIn(place: number): number {
  const beyond = Math.abs(place) - RIM;
  if (beyond <= 0) return place;
  return Math.sign(place) * (1 - (1 - RIM) * Math.exp(-beyond));
}
