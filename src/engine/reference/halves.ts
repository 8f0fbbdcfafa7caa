import type { EngineSpec, IterationReport, IterationStep } from "../engine.ts";
import type { WorstRows } from "../group_engine.ts";
import { type Group, layOutGroups } from "./groups.ts";
import { worstRows } from "./housekeeping.ts";
import {
  duplicatesOf,
  emptyReport,
  type IterationState,
  type OpenGroup,
  openGroup,
  timed,
} from "./iterate.ts";
import { partStarts, sumByParts, totalByParts } from "./parts.ts";
import { rowEnergies } from "./rows.ts";
import {
  applyUpdates,
  atomSum,
  type AtomUpdate,
  type AtomUses,
  directionOf,
  finalValues,
  project,
  usesOf,
} from "./update.ts";

/** An atom on its way through the power steps of its batch. */
interface MovingAtom {
  /** Within its group. */
  atom: number;
  use: AtomUses;
  carried: number;
  /** Coefficients of the power step at hand. */
  x: Float64Array;
  /** Absent before the first added-up sums, and for an atom that stays. */
  direction?: Float64Array | undefined;
  stays: boolean;
}

/** One process's share of an iteration, taken in steps: see `GroupEngine`. */
export class Halves {
  readonly #report: IterationReport;
  readonly #starts: Uint32Array;
  readonly #energies: Float64Array;
  readonly #groups: Group[];
  readonly #duplicates: number[] = [];
  #open: OpenGroup | undefined;
  #moving: MovingAtom[] = [];
  /** By how much the updates lowered each row's ‖r‖². */
  readonly #fallen: Float64Array;

  /**
   * @param spec the engine's
   * @param state dictionary and weights, and the normalised rows of the share
   * @param rows how many
   * @param step what the iteration is to do
   * @param parts rows of each part of the share
   */
  constructor(
    readonly spec: EngineSpec,
    readonly state: IterationState,
    readonly rows: number,
    readonly step: IterationStep,
    parts: Uint32Array,
  ) {
    this.#starts = partStarts(parts);
    this.#energies = rowEnergies(
      state.residual,
      rows,
      spec.width,
      state.workspace.array("Float64Array", "energies", rows),
    );
    this.#fallen = new Float64Array(rows);
    const energy = totalByParts(this.#energies, this.#starts);
    this.#report = emptyReport(spec, rows, energy);
    const sparsity = step.sparsity ?? spec.coder.sparsity;
    this.#groups = layOutGroups(spec, sparsity);
  }

  /** See `GroupEngine.sums`. */
  sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Float64Array {
    const begin = performance.now();
    const open = this.#groupAt(from);
    const sums = timed(this.#report, "update", () => {
      if (previous === undefined) this.#begin(open, from, to);
      else this.#take(open, previous, "project");
      return this.#sums(open);
    });
    this.#report.milliseconds += performance.now() - begin;
    return sums;
  }

  /** See `GroupEngine.apply`. */
  apply(from: number, to: number, sums: Float32Array | Float64Array): void {
    const begin = performance.now();
    const open = this.#groupAt(from);
    timed(this.#report, "update", () => {
      this.#take(open, sums, "end");
      const updates = this.#moving.flatMap((moving): AtomUpdate[] => {
        const { atom, direction, use, stays } = moving;
        if (stays || direction === undefined) return [];
        const { nonnegative } = this.spec.coder;
        const values = finalValues(open.updated, use, direction, nonnegative);
        return [{ atom, direction, values }];
      });
      applyUpdates(open.updated, updates);
    });
    if (to === open.group.start + open.group.atoms) this.#close();
    this.#report.milliseconds += performance.now() - begin;
  }

  /** See `GroupEngine.finish`. */
  finish(worst: number): { report: IterationReport; worst: WorstRows } {
    const begin = performance.now();
    const { width: n } = this.spec, { residual, workspace } = this.state;
    const room = workspace.array("Float64Array", "errors", this.rows);
    const errors = rowEnergies(residual, this.rows, n, room);
    const report = this.#report;
    report.updatedError = totalByParts(errors, this.#starts);
    const coding = this.#fallen.map((fallen, row) => fallen + errors[row]);
    report.codingError = totalByParts(coding, this.#starts);
    report.duplicates = Uint32Array.from(this.#duplicates);
    const rows = worstRows(errors, worst);
    const residuals = new Float32Array(rows.length * n);
    rows.forEach((row, i) =>
      residuals.set(residual.subarray(row * n, (row + 1) * n), i * n)
    );
    report.milliseconds += performance.now() - begin;
    return {
      report,
      worst: {
        errors: Float64Array.from(rows, (row) => errors[row]),
        residuals,
      },
    };
  }

  // The group that a place of the order is in, coded with its first place.
  #groupAt(place: number): OpenGroup {
    if (this.#open !== undefined) return this.#open;
    const group = this.#groups.find(({ start }) => start === place)!;
    const { step } = this;
    const report = this.#report, energies = this.#energies;
    const work = { group, energies, step, report };
    this.#open = openGroup(this.spec, this.state, work);
    this.#open.errors().forEach((error, row) => this.#fallen[row] += error);
    return this.#open;
  }

  #begin({ group, updated }: OpenGroup, from: number, to: number): void {
    const memory = this.step.memory ?? 0;
    const atoms = this.step.order.subarray(from, to);
    this.#moving = Array.from(atoms, (place): MovingAtom => {
      const atom = place - group.start;
      const use = usesOf(updated, atom);
      const carried = memory * updated.weights[atom];
      return { atom, use, carried, x: use.oldX, stays: false };
    });
  }

  // The direction of each atom from the added-up sums; its weight and all uses from the first ones.
  #take(
    { group, updated }: OpenGroup,
    sums: Float32Array | Float64Array,
    then: "project" | "end",
  ): void {
    const row = this.spec.width + 2;
    this.#moving.forEach((moving, i) => {
      const { atom, use, carried } = moving;
      const sum = sums.subarray(i * row, (i + 1) * row);
      if (moving.direction === undefined && !moving.stays) {
        updated.weights[atom] = carried + sum[row - 2];
        this.#report.usage[group.start + atom] = sum[row - 1];
        this.#report.nonzeros += sum[row - 1];
        moving.stays = sum[row - 1] === 0;
      }
      if (moving.stays) return;
      moving.direction = directionOf(
        sum.subarray(0, row - 1),
        use.old,
        carried,
      );
      moving.stays = moving.direction === undefined;
      if (then === "end" || moving.direction === undefined) return;
      moving.x = project(updated, use, moving.direction);
    });
  }

  #sums({ updated }: OpenGroup): Float64Array {
    const { width: n } = this.spec;
    const sums = new Float64Array(this.#moving.length * (n + 2));
    this.#moving.forEach(({ use, x, stays }, i) => {
      const at = i * (n + 2);
      sums[at + n + 1] = use.uses.length;
      const starts = this.#startsWithin(use.uses, updated.sparsity);
      const sum = stays ? undefined : sumByParts(
        starts,
        (from, to) => atomSum(updated, use, x, from, to),
        added,
      );
      if (sum !== undefined) sums.set(sum, at);
    });
    return sums;
  }

  // Where the parts begin among an atom's uses, which are in order of rows.
  #startsWithin(uses: Uint32Array, sparsity: number): Uint32Array {
    let u = 0;
    return this.#starts.map((row) => {
      while (u < uses.length && uses[u] < row * sparsity) u++;
      return u;
    });
  }

  #close(): void {
    const open = this.#open!;
    const { start, atoms } = open.group;
    const usage = this.#report.usage.subarray(start, start + atoms);
    this.#duplicates.push(...duplicatesOf(open, usage));
    open.errors().forEach((error, row) => this.#fallen[row] -= error);
    this.#open = undefined;
  }
}

function added(one: Float64Array, other: Float64Array): Float64Array {
  for (let p = 0; p < one.length; p++) one[p] += other[p];
  return one;
}
