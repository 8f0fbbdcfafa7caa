import { EXACT_CHANGE, EXACT_STEPS, VANISHING_NORM } from "../../thresholds.ts";
import type { AtomLists } from "./lists.ts";
import { dot } from "./products.ts";

/** The state that a dictionary update works on; all arrays change in place. */
export interface UpdateState {
  /** m × n. */
  dictionary: Float32Array;
  /** R = Y − X·D, rows × n. */
  residual: Float32Array;
  /** Coefficients, rows × k. */
  values: Float32Array;
  lists: AtomLists;
  /** What earlier batches weigh in each atom: Σ x² of theirs, faded; m values. */
  weights: Float32Array;
  /** n. */
  width: number;
  /** k, the slots of a row. */
  sparsity: number;
}

/** How atoms are updated. */
export interface UpdateOptions {
  powerSteps: number;
  exact: boolean;
  nonnegative: boolean;
  /** ρ: how much of the weight of earlier batches counts in this one. */
  memory: number;
}

/** An atom's new direction, and the coefficients of its uses along it. */
export interface AtomUpdate {
  atom: number;
  direction: Float64Array;
  values: Float64Array;
}

/** One atom with its uses, as its update finds them. */
export interface AtomUses {
  /** Code slots. */
  uses: Uint32Array;
  old: Float64Array;
  /** Coefficients, one a use. */
  oldX: Float64Array;
}

/**
 * Updates the atoms of one atom batch, and their codes, from the same residual, then the residual
 * (Rubinstein et al. 2008, section 4; batches: DB-KSVD, arXiv 2505.18441).
 */
export function updateAtoms(
  state: UpdateState,
  atoms: Uint32Array,
  options: UpdateOptions,
): void {
  const updates: AtomUpdate[] = [];
  for (const atom of atoms) {
    const update = updateAtom(state, atom, options);
    if (update !== undefined) updates.push(update);
  }
  applyUpdates(state, updates);
}

/** Takes an atom batch's updates over: first the residual, then dictionary and codes. */
export function applyUpdates(
  state: UpdateState,
  updates: readonly AtomUpdate[],
): void {
  for (const update of updates) applyToResidual(state, update);
  for (const update of updates) store(state, update);
}

function updateAtom(
  state: UpdateState,
  atom: number,
  options: UpdateOptions,
): AtomUpdate | undefined {
  const use = usesOf(state, atom);
  const carried = options.memory * state.weights[atom];
  const { old, oldX } = use;
  state.weights[atom] = carried + dot(oldX, 0, oldX, 0, oldX.length);
  if (oldX.length === 0) return undefined;
  let x: Float64Array = oldX, direction: Float64Array = old;
  const steps = options.exact ? EXACT_STEPS : options.powerSteps;
  for (let step = 0; step < steps; step++) {
    if (step > 0) x = project(state, use, direction);
    const next = directionOf(atomSum(state, use, x), old, carried);
    if (next === undefined) return undefined;
    const change = distance(next, direction);
    direction = next;
    if (options.exact && change < EXACT_CHANGE) break;
  }
  const values = finalValues(state, use, direction, options.nonnegative);
  return { atom, direction, values };
}

/** An atom's uses. */
export function usesOf(state: UpdateState, atom: number): AtomUses {
  const { dictionary, values, width: n, lists: { starts, slots } } = state;
  const uses = slots.subarray(starts[atom], starts[atom + 1]);
  return {
    uses,
    old: Float64Array.from(dictionary.subarray(atom * n, (atom + 1) * n)),
    oldX: Float64Array.from(uses, (e) => values[e]),
  };
}

/** Σ x_i R_i and, in the last place, Σ x_i·oldX_i over some of an atom's uses, by default all. */
export function atomSum(
  state: UpdateState,
  { uses, oldX }: AtomUses,
  x: Float64Array,
  from = 0,
  to: number = uses.length,
): Float64Array {
  const { residual, width: n, sparsity } = state;
  const sum = new Float64Array(n + 1);
  let along = 0;
  for (let u = from; u < to; u++) {
    const row = Math.floor(uses[u] / sparsity) * n, weight = x[u];
    for (let p = 0; p < n; p++) sum[p] += weight * residual[row + p];
    along += weight * oldX[u];
  }
  sum[n] = along;
  return sum;
}

/**
 * v = Σ x_i E_i + carried·old with E_i = R_i + oldX_i·old, normalised; undefined where it vanishes. Earlier batches
 * pull towards the atom that they left: the least change that keeps a small batch from overwriting it.
 */
export function directionOf(
  sum: Float32Array | Float64Array,
  old: Float64Array,
  carried: number,
): Float64Array | undefined {
  const n = old.length, along = carried + sum[n];
  const v = new Float64Array(n);
  for (let p = 0; p < n; p++) v[p] = sum[p] + along * old[p];
  const norm = Math.sqrt(dot(v, 0, v, 0, n));
  if (!(norm >= VANISHING_NORM)) return undefined;
  for (let p = 0; p < n; p++) v[p] /= norm;
  return v;
}

/** The coefficients of an atom's uses along its new direction. */
export function finalValues(
  state: UpdateState,
  use: AtomUses,
  direction: Float64Array,
  nonnegative: boolean,
): Float64Array {
  const values = project(state, use, direction);
  if (nonnegative) values.forEach((v, i) => values[i] = Math.max(0, v));
  return values;
}

/** x'_i = ⟨d', R_i⟩ + ⟨d', d⟩·x_i */
export function project(
  state: UpdateState,
  { uses, old, oldX }: AtomUses,
  direction: Float64Array,
): Float64Array {
  const { residual, width: n, sparsity } = state;
  const overlap = dot(direction, 0, old, 0, n);
  const x = new Float64Array(uses.length);
  for (let u = 0; u < uses.length; u++) {
    const row = Math.floor(uses[u] / sparsity) * n;
    x[u] = dot(direction, 0, residual, row, n) + overlap * oldX[u];
  }
  return x;
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += (a[p] - b[p]) ** 2;
  return Math.sqrt(sum);
}

// R_i ← R_i + x_i·d − x'_i·d'
function applyToResidual(state: UpdateState, update: AtomUpdate): void {
  const { dictionary, residual, values, width: n, sparsity, lists } = state;
  const { atom, direction } = update;
  const start = lists.starts[atom];
  for (let u = 0; u < update.values.length; u++) {
    const slot = lists.slots[start + u];
    const row = Math.floor(slot / sparsity) * n, x = values[slot];
    const next = Math.fround(update.values[u]);
    for (let p = 0; p < n; p++) {
      residual[row + p] += x * dictionary[atom * n + p] -
        next * Math.fround(direction[p]);
    }
  }
}

function store(state: UpdateState, update: AtomUpdate): void {
  const { dictionary, values, width: n, lists } = state;
  dictionary.set(update.direction, update.atom * n);
  const start = lists.starts[update.atom];
  for (let u = 0; u < update.values.length; u++) {
    values[lists.slots[start + u]] = update.values[u];
  }
}
