import { DUPLICATE_COHERENCE } from "../constants.ts";
import type { EngineSpec, IterationReport, IterationStep } from "../engine.ts";
import { replaceByWorstRows } from "../reference/housekeeping.ts";
import { total } from "../reference/rows.ts";
import type { Context } from "./context.ts";
import type { Crew } from "./crew.ts";
import { CHUNK_ROWS, GRAM_ROWS, type GroupPlace, sharesOf } from "./layout.ts";
import { listUses, type Uses } from "./lists.ts";
import { PHASE } from "./orders.ts";
import { depths } from "./products.ts";

/** An engine's parts, as its own thread has them. */
export interface Parts {
  spec: EngineSpec;
  context: Context;
  crew: Crew;
  /** Groups whose Gram is that of the dictionary as it stands. */
  fresh: Set<GroupPlace>;
}

/** λ and α of an iteration's coefficients. */
export interface Shrinkage {
  ridge: number;
  shrink: number;
}

/** A share of an update's rows for every so many of them, and no more shares than this. */
const SHARE_ROWS = 256;
const MOST_SHARES = 32;

/** Codes the rows at hand over one group: its Gram, where it is not known, then all rows by tasks. */
export function codeGroup(
  parts: Parts,
  group: GroupPlace,
  shrinkage: Shrinkage,
  lap: (stage: string) => void,
): void {
  const { context: { layout, orders }, crew, spec } = parts;
  orders.set({ ...shrinkage, group: layout.groups.indexOf(group) });
  if (!parts.fresh.has(group)) makeGram(parts, group);
  parts.fresh.add(group);
  lap("gram");
  const rows = orders.get("rows"), slots = orders.get("slots");
  const each = 2 * group.padded * (layout.padded + slots ** 2);
  crew.run(PHASE.code, Math.ceil(rows / CHUNK_ROWS), rows * each);
  lap(spec.coder.method);
}

/** Sets the group's share of the slots at hand. */
export function setSlots(
  { context: { layout, orders }, spec }: Parts,
  group: GroupPlace,
  sparsity: number,
): void {
  const shares = sharesOf(spec, sparsity);
  const index = layout.groups.indexOf(group);
  const slot = shares.slice(0, index).reduce((sum, share) => sum + share, 0);
  orders.set({ slot, slots: shares[index] });
}

/** One DB-KSVD iteration on the rows at hand: every group codes what earlier ones left of them, then updates its atoms. */
export function iterateOnce(
  parts: Parts,
  rows: number,
  step: IterationStep,
): IterationReport {
  const start = performance.now();
  const { spec, context: { layout, orders, views } } = parts;
  const report = emptyReport(spec, rows);
  let then = start;
  const lap = (stage: string) => {
    const now = performance.now();
    report.stages[stage] = (report.stages[stage] ?? 0) + now - then;
    then = now;
  };
  orders.set({ rows, memory: step.memory ?? 0 });
  const shrinkage = { ridge: step.ridge, shrink: step.shrink ?? 0 };
  const duplicates: number[] = [];
  for (const group of layout.groups) {
    setSlots(parts, group, step.sparsity ?? spec.coder.sparsity);
    codeGroup(parts, group, shrinkage, lap);
    const left = total(views.errors.subarray(0, rows));
    if (group.start === 0) {
      report.energy = total(views.energies.subarray(0, rows));
    }
    const uses = listUses(parts.context, group.atoms);
    lap("lists");
    report.usage.set(uses.usage, group.start);
    report.nonzeros += uses.nonzeros;
    duplicates.push(...duplicatesIn(parts, group, uses.usage));
    updateGroup(parts, group, step, uses);
    report.codingError += left - measure(parts, rows);
    lap("update");
  }
  report.updatedError = total(views.errors.subarray(0, rows));
  report.codingError += report.updatedError;
  report.duplicates = Uint32Array.from(duplicates);
  orders.set({ side: 1 - orders.get("side") });
  parts.fresh.clear();
  replace(parts, rows, step.replace);
  report.milliseconds = performance.now() - start;
  return report;
}

// ‖r‖² of every row as it stands; their sum.
function measure({ context: { layout, views }, crew }: Parts, rows: number) {
  const tasks = Math.ceil(rows / CHUNK_ROWS);
  crew.run(PHASE.energies, tasks, 2 * rows * layout.padded);
  return total(views.errors.subarray(0, rows));
}

function makeGram({ context: { layout }, crew }: Parts, group: GroupPlace) {
  const { padded } = group, values = padded * layout.padded;
  crew.run(PHASE.pack, depths(layout.padded).length, values);
  const tasks = Math.ceil(padded / GRAM_ROWS);
  crew.run(PHASE.gram, tasks, values * padded);
  crew.run(PHASE.mirror, tasks, padded ** 2);
}

function updateGroup(
  { context, crew }: Parts,
  group: GroupPlace,
  step: IterationStep,
  { usage }: Uses,
): void {
  const { layout, orders, views } = context;
  const order = step.order.subarray(group.start, group.start + group.atoms);
  const rows = orders.get("rows");
  const shares = Math.min(MOST_SHARES, Math.ceil(rows / SHARE_ROWS));
  for (let b = 0; b < order.length; b += step.atomBatch) {
    // The most used first: the last task of a phase is then a short one.
    const batch = order.slice(b, b + step.atomBatch)
      .map((atom) => atom - group.start)
      .sort((one, other) => usage[other] - usage[one] || one - other);
    views.batch.set(batch);
    orders.set({ batch: batch.length, shares });
    const uses = batch.reduce((sum, atom) => sum + usage[atom], 0);
    const work = 4 * uses * layout.padded;
    crew.run(PHASE.atoms, batch.length, work);
    crew.run(PHASE.apply, shares, work);
  }
}

// Atoms too like a more used one of their group, or one as used and of lower index, as the dictionary stood before the update.
function duplicatesIn(
  { context: { layout, views } }: Parts,
  group: GroupPlace,
  usage: Uint32Array,
): number[] {
  const gram = views.grams[layout.groups.indexOf(group)];
  const found = new Set<number>();
  for (let i = 0; i < group.atoms; i++) {
    if (views.suspects[i] === 0) continue;
    for (let j = i + 1; j < group.atoms; j++) {
      const near = Math.abs(gram[i * group.padded + j]) > DUPLICATE_COHERENCE;
      if (near) found.add(usage[j] > usage[i] ? i : j);
    }
  }
  return [...found].sort((a, b) => a - b).map((atom) => group.start + atom);
}

function replace(
  { context: { layout, orders, views } }: Parts,
  rows: number,
  atoms: Uint32Array,
): void {
  if (atoms.length === 0) return;
  const { padded, groups } = layout, { buffer } = views.x;
  const last = groups[groups.length - 1];
  const dictionary = new Float32Array(
    buffer,
    layout.dictionaries[orders.get("side")],
    (last.first + last.padded) * padded,
  );
  const residual = new Float32Array(buffer, layout.residual, rows * padded);
  const places = atoms.map((atom) => {
    const group = groups.findLast(({ start }) => start <= atom)!;
    return group.first + atom - group.start;
  });
  const errors = views.errors.subarray(0, rows);
  replaceByWorstRows(dictionary, places, residual, errors, padded);
  for (const atom of atoms) views.weights[atom] = 0;
}

function emptyReport(spec: EngineSpec, rows: number): IterationReport {
  return {
    rows,
    energy: 0,
    codingError: 0,
    updatedError: 0,
    nonzeros: 0,
    usage: new Uint32Array(spec.atoms),
    duplicates: new Uint32Array(0),
    milliseconds: 0,
    stages: {},
  };
}
