import { DbksvdError } from "../../errors.ts";
import type { IterationReport, IterationStep } from "../engine.ts";
import type { SumWay, WorstRows } from "../group_engine.ts";
import { worstRows } from "../reference/housekeeping.ts";
import { partStarts, totalByParts } from "../reference/parts.ts";
import { gramPart, takeGram } from "./gram.ts";
import { Course, measure, updateWork } from "./iteration.ts";
import { type GroupPlace, MOST_PARTS } from "./layout.ts";
import { PHASE } from "./orders.ts";
import type { Parts } from "./parts.ts";

/** One process's share of an iteration, taken in steps: see `GroupEngine`. */
export class Halves {
  readonly #parts: Parts;
  readonly #course: Course;
  readonly #rows: number;
  readonly #starts: Uint32Array;
  readonly #usage: Uint32Array;
  /** The atom batch's, as they travel: where callers find and leave them. */
  readonly #sums: Float32Array | Float64Array;
  #group: GroupPlace | undefined;
  /** By how much updates lowered each row's ‖r‖²: added up row by row, sums do not depend on who shares the rows. */
  readonly #fallen: Float64Array;

  /**
   * @param parts the engine's, with the rows at hand loaded
   * @param rows how many
   * @param step what the iteration is to do
   * @param way in which type sums travel, and rows of each part of the rows
   * @throws {DbksvdError} `usage` where there are too many parts
   */
  constructor(
    parts: Parts,
    rows: number,
    step: IterationStep,
    { sumType, parts: shares }: SumWay,
  ) {
    const single = sumType === "f32";
    if (!single && shares.length > MOST_PARTS) {
      throw new DbksvdError("usage", `--shards is "${shares.length}"`, {
        mend: `a process takes at most ${MOST_PARTS}`,
      });
    }
    this.#parts = parts;
    this.#rows = rows;
    this.#starts = partStarts(single ? Uint32Array.of(rows) : shares);
    this.#course = new Course(parts, step, rows);
    this.#usage = new Uint32Array(parts.spec.atoms);
    this.#fallen = new Float64Array(rows);
    const { orders, views } = parts.context;
    views.parts.set(this.#starts);
    orders.set({ single: single ? 1 : 0, parts: shares.length });
    this.#sums = views.sums[sumType];
  }

  /** See `GroupEngine.gramPart`. */
  gramPart(from: number, rank: number, ranks: number): Float32Array {
    this.#course.start();
    const part = gramPart(this.#parts, this.#groupFrom(from), rank, ranks);
    this.#course.lap("gram");
    return part;
  }

  /** See `GroupEngine.takeGram`. */
  takeGram(from: number, all: readonly Float32Array[]): void {
    this.#course.start();
    takeGram(this.#parts, this.#groupFrom(from), all);
    this.#course.lap("gram");
  }

  /** See `GroupEngine.sums`. */
  sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Float32Array | Float64Array {
    this.#course.start();
    const group = this.#groupAt(from), { orders, views } = this.#parts.context;
    if (previous === undefined) this.#begin(group, from, to);
    else {
      this.#turn(group, previous, false);
      orders.set({ power: orders.get("power") + 1 });
    }
    this.#run(PHASE.sums, group);
    const size = this.#parts.spec.width + 2, count = to - from;
    for (let b = 0; b < count; b++) {
      this.#sums[(b + 1) * size - 1] = views.counts[views.batch[b]];
    }
    this.#course.lap("update");
    return this.#sums.subarray(0, count * size);
  }

  /** See `GroupEngine.apply`. */
  apply(from: number, to: number, sums: Float32Array | Float64Array): void {
    this.#course.start();
    const group = this.#groupAt(from);
    this.#turn(group, sums, true);
    this.#run(PHASE.apply, group);
    if (to === group.start + group.atoms) this.#close(group);
    this.#course.lap("update");
  }

  /** See `GroupEngine.finish`. */
  finish(worst: number): { report: IterationReport; worst: WorstRows } {
    this.#course.start();
    const { layout, views } = this.#parts.context, { padded } = layout;
    const { width } = this.#parts.spec, { report } = this.#course;
    const errors = views.errors.subarray(0, this.#rows);
    report.energy = this.#total(views.energies);
    report.updatedError = this.#total(views.errors);
    errors.forEach((error, row) => this.#fallen[row] += error);
    report.codingError = this.#total(this.#fallen);
    const rows = worstRows(errors, worst);
    const residuals = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      const at = layout.residual + row * layout.rowBytes;
      const residual = new Float32Array(views.x.buffer, at, padded);
      residuals.set(residual.subarray(0, width), i * width);
    });
    this.#course.lap("update");
    return {
      report: this.#course.finish(),
      worst: {
        errors: Float64Array.from(rows, (row) => errors[row]),
        residuals,
      },
    };
  }

  // The group that a place of the order is in, coded with its first place.
  #groupAt(place: number): GroupPlace {
    if (this.#group !== undefined) return this.#group;
    const group = this.#groupFrom(place);
    this.#course.open(group);
    const { errors } = this.#parts.context.views;
    for (let row = 0; row < this.#rows; row++) {
      this.#fallen[row] += errors[row];
    }
    return this.#group = group;
  }

  #groupFrom(place: number): GroupPlace {
    const { groups } = this.#parts.context.layout;
    return groups.find(({ start }) => start === place)!;
  }

  #begin(group: GroupPlace, from: number, to: number): void {
    const { orders, views } = this.#parts.context, { step } = this.#course;
    const atoms = step.order.subarray(from, to);
    views.batch.set(atoms.map((atom) => atom - group.start));
    views.moved.fill(1, 0, atoms.length);
    atoms.forEach((atom, b) =>
      views.carried[b] = orders.get("memory") * views.weights[atom]
    );
    orders.set({ batch: atoms.length, power: 0 });
  }

  // The direction of each atom from the added-up sums; its weight and all uses from the first ones.
  #turn(
    group: GroupPlace,
    sums: Float32Array | Float64Array,
    last: boolean,
  ): void {
    const { orders, views } = this.#parts.context;
    const { width } = this.#parts.spec, size = width + 2;
    const first = orders.get("power") === 0;
    const { buffer, byteOffset } = this.#sums;
    const inPlace = sums.buffer === buffer && sums.byteOffset === byteOffset;
    if (!inPlace) this.#sums.set(sums);
    for (let b = 0; first && b < orders.get("batch"); b++) {
      const atom = group.start + views.batch[b];
      const along = sums[b * size + width], uses = sums[b * size + width + 1];
      views.weights[atom] = views.carried[b] + along;
      this.#usage[atom] = uses;
      if (uses === 0) views.moved[b] = 0;
    }
    orders.set({ last: last ? 1 : 0 });
    this.#run(PHASE.turn, group);
  }

  #run(phase: number, group: GroupPlace): void {
    const { crew, context: { layout, orders, views } } = this.#parts;
    const batch = orders.get("batch");
    let uses = 0;
    for (let b = 0; b < batch; b++) uses += views.counts[views.batch[b]];
    const { work, shares } = updateWork(this.#parts, uses);
    orders.set({ shares, group: layout.groups.indexOf(group) });
    crew.run(phase, phase === PHASE.apply ? shares : batch, work);
  }

  #close(group: GroupPlace): void {
    const { start, atoms } = group;
    this.#course.take(group, this.#usage.subarray(start, start + atoms));
    measure(this.#parts, this.#rows);
    const { views } = this.#parts.context;
    for (let row = 0; row < this.#rows; row++) {
      this.#fallen[row] -= views.errors[row];
    }
    this.#group = undefined;
  }

  #total(values: Float64Array): number {
    return totalByParts(values.subarray(0, this.#rows), this.#starts);
  }
}
