import { DUPLICATE_COHERENCE } from "../../thresholds.ts";
import type { EngineSpec, IterationReport, IterationStep } from "../engine.ts";
import { replaceByWorstRows } from "../reference/housekeeping.ts";
import { total } from "../reference/rows.ts";
import { prepareAtoms } from "./gram.ts";
import { CHUNK_ROWS, type GroupPlace, placeOf, sharesOf } from "./layout.ts";
import { listUses, type Uses } from "./lists.ts";
import { PHASE } from "./orders.ts";
import type { Parts } from "./parts.ts";

/** λ and α of an iteration's coefficients. */
export interface Shrinkage {
  ridge: number;
  shrink: number;
}

/** A share of an update's rows for every so many of them, and no more shares than this. */
const SHARE_ROWS = 256;
const MOST_SHARES = 32;

/**
 * Codes the rows at hand over one group: its Gram, where it is not known, then all rows by tasks.
 *
 * @param threshold in place of the coder's
 */
export function codeGroup(
  parts: Parts,
  group: GroupPlace,
  shrinkage: Shrinkage,
  lap: (stage: string) => void,
  threshold: number = parts.spec.coder.threshold ?? 0,
): void {
  const { context: { layout, orders }, crew, spec, progress } = parts;
  const index = layout.groups.indexOf(group);
  orders.set({ ...shrinkage, threshold, group: index });
  prepareAtoms(parts, group);
  lap("gram");
  const rows = orders.get("rows"), slots = orders.get("slots");
  const each = 2 * group.padded * (layout.padded + slots ** 2);
  crew.run(
    PHASE.code,
    Math.ceil(rows / layout.codeRows),
    rows * each,
    (done) =>
      progress.report("coding", Math.min(rows, layout.codeRows * done), rows),
  );
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

/** An iteration on its way: its report, and the time of the stage at hand. */
export class Course {
  readonly report: IterationReport;
  readonly duplicates: number[] = [];
  #then = performance.now();

  constructor(
    readonly parts: Parts,
    readonly step: IterationStep,
    rows: number,
  ) {
    this.report = emptyReport(parts.spec, rows);
    parts.context.orders.set({ rows, memory: step.memory ?? 0 });
  }

  /** Begins to count time again. */
  start(): void {
    this.#then = performance.now();
  }

  /** Books the time since the last call to a stage. */
  lap(stage: string): void {
    const now = performance.now(), { report } = this;
    const spent = now - this.#then;
    report.stages[stage] = (report.stages[stage] ?? 0) + spent;
    report.milliseconds += spent;
    this.#then = now;
  }

  /** Codes the rows over a group and lists its uses; `errors` holds what is left of each row. */
  open(group: GroupPlace): Uses {
    const { parts, step } = this, { coder } = parts.spec;
    setSlots(parts, group, step.sparsity ?? coder.sparsity);
    const shrinkage = { ridge: step.ridge, shrink: step.shrink ?? 0 };
    codeGroup(parts, group, shrinkage, (stage) => this.lap(stage));
    const uses = listUses(parts.context, group.atoms);
    this.lap("lists");
    return uses;
  }

  /** Takes a group's uses, by all rows that there are, into the report. */
  take(group: GroupPlace, usage: Uint32Array): void {
    this.report.usage.set(usage, group.start);
    for (const uses of usage) this.report.nonzeros += uses;
    this.duplicates.push(...duplicatesIn(this.parts, group, usage));
  }

  /** Ends the iteration: the dictionary after the update becomes the one that stands. */
  finish(): IterationReport {
    const { context: { orders }, fresh } = this.parts;
    this.report.duplicates = Uint32Array.from(this.duplicates);
    orders.set({ side: 1 - orders.get("side") });
    fresh.clear();
    return this.report;
  }
}

/**
 * One DB-KSVD iteration on the rows at hand: every group codes what earlier ones left of them, then updates its
 * atoms.
 */
export function iterateOnce(
  parts: Parts,
  rows: number,
  step: IterationStep,
): IterationReport {
  const { layout, views } = parts.context;
  const course = new Course(parts, step, rows), { report } = course;
  const errors = views.errors.subarray(0, rows);
  for (const group of layout.groups) {
    const { usage } = course.open(group);
    const left = total(errors);
    course.take(group, usage);
    updateGroup(parts, group, step, usage);
    measure(parts, rows);
    report.codingError += left - total(errors);
    course.lap("update");
  }
  report.energy = total(views.energies.subarray(0, rows));
  report.updatedError = total(errors);
  report.codingError += report.updatedError;
  course.finish();
  replaceByRows(parts, rows, step.replace);
  course.lap("update");
  return report;
}

/** Measures ‖r‖² of every row as it stands: `errors`. */
export function measure(
  { context: { layout }, crew }: Parts,
  rows: number,
): void {
  const tasks = Math.ceil(rows / CHUNK_ROWS);
  crew.run(PHASE.energies, tasks, 2 * rows * layout.padded);
}

/**
 * Floating-point operations of one pass over some atoms' uses, and the shares of the rows that the residual is
 * changed in.
 */
export function updateWork(
  { context: { layout, orders } }: Parts,
  uses: number,
) {
  const rows = orders.get("rows");
  const shares = Math.min(MOST_SHARES, Math.ceil(rows / SHARE_ROWS));
  return { work: 4 * uses * layout.padded, shares };
}

function updateGroup(
  parts: Parts,
  group: GroupPlace,
  step: IterationStep,
  usage: Uint32Array,
): void {
  const { context: { layout, orders, views }, crew, progress } = parts;
  const order = step.order.subarray(group.start, group.start + group.atoms);
  const all = layout.groups[layout.groups.length - 1];
  for (let b = 0; b < order.length; b += step.atomBatch) {
    // The most used first: the last task of a phase is then a short one.
    const batch = order.slice(b, b + step.atomBatch)
      .map((atom) => atom - group.start)
      .sort((one, other) => usage[other] - usage[one] || one - other);
    const uses = batch.reduce((sum, atom) => sum + usage[atom], 0);
    const { work, shares } = updateWork(parts, uses);
    views.batch.set(batch);
    orders.set({ batch: batch.length, shares });
    crew.run(PHASE.atoms, batch.length, work);
    crew.run(PHASE.apply, shares, work);
    progress.report("update", group.start + b, all.start + all.atoms);
  }
}

// Atoms too like a more used one of their group, or one as used and of lower index, as the dictionary stood before
// the update.
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

/** Puts the worst rows' residuals in the place of atoms. */
function replaceByRows(
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
  const places = atoms.map((atom) => placeOf(layout, atom));
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
