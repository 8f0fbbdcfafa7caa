import type { Kernel } from "../../gpu/compile.ts";
import { type Matrix, partRuns } from "../../gpu/matrix.ts";
import { type ByteRange, readBack } from "../../gpu/readback.ts";
import type { IterationStep } from "../engine.ts";
import type { WorstRows } from "../group_engine.ts";
import { groupSparsities } from "../group_sparsities.ts";
import { codeGroup } from "./coding.ts";
import type { GpuContext } from "./context.ts";
import { UPDATE_WORDS } from "./layout.ts";
import { padRows, unpackPairs, unpadRows } from "./padding.ts";
import { flagDuplicates } from "./stages/duplicates.ts";
import { sortCodes } from "./stages/lists.ts";
import { orderWorst } from "./stages/replace.ts";
import type { ReportQueue } from "./stages/report.ts";
import { sumEnergies } from "./stages/residual.ts";
import { foldBatch } from "./stages/fold.ts";
import {
  applyBatch,
  atOnce,
  normaliseBatch,
  sumBatch,
} from "./stages/update.ts";

/** What a share of an iteration works with beside the context. */
export interface HalvesTools {
  reports: ReportQueue;
  /** Sees to it that a group's Gram of the dictionary as it stands is there. */
  gram(group: number): void;
  /** What adds up each atom's sums to one. */
  fold: Kernel;
}

/** One process's share of an iteration, taken in steps: see `GroupEngine`. Sums are float32. */
export class GpuHalves {
  readonly #context: GpuContext;
  readonly #tools: HalvesTools;
  readonly #rows: number;
  readonly #step: IterationStep;
  readonly #sparsities: number[];
  /** Uses of every atom by the rows of all processes. */
  readonly #usage: Uint32Array;
  /** The group that is coded and not yet updated as a whole. */
  #open: number | undefined;
  /** Power steps of the batch at hand whose added-up sums have come. */
  #taken = 0;

  /**
   * @param context the engine's, with the share's rows loaded and the report begun
   * @param tools what of the engine's it needs
   * @param rows of the share, 0 where it is empty
   * @param step what the iteration is to do
   */
  constructor(
    context: GpuContext,
    tools: HalvesTools,
    rows: number,
    step: IterationStep,
  ) {
    this.#context = context;
    this.#tools = tools;
    this.#rows = rows;
    this.#step = step;
    const { groups, coder, atoms } = context.spec;
    this.#sparsities = groupSparsities(
      groups,
      step.sparsity ?? coder.sparsity,
      coder.groupSparsity,
    );
    this.#usage = new Uint32Array(atoms);
  }

  /** See `GroupEngine.sums`. */
  async sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Promise<Float32Array> {
    const context = this.#context;
    const index = this.#openAt(from), { start } = context.plan.groups[index];
    const batch = { begin: from - start, end: to - start };
    context.runner.stage("update");
    if (previous === undefined) this.#taken = 0;
    else this.#take(index, from, to, previous);
    if (this.#rows === 0) {
      return new Float32Array((to - from) * (context.spec.width + 2));
    }
    for (const part of atOnce(context, index, batch)) {
      const again = this.#taken > 0;
      const chunks = sumBatch(context, index, this.#rows, part, again);
      foldBatch(context, this.#tools.fold, part, chunks);
    }
    return await this.#readSums(from, to, start);
  }

  /** See `GroupEngine.apply`. */
  apply(from: number, to: number, sums: Float32Array | Float64Array): void {
    const context = this.#context;
    const index = this.#openAt(from);
    const { start, atoms } = context.plan.groups[index];
    context.runner.stage("update");
    this.#take(index, from, to, sums);
    if (this.#rows > 0) {
      const batch = { begin: from - start, end: to - start };
      applyBatch(context, index, this.#rows, batch);
    }
    if (to === start + atoms) this.#close(index);
    context.runner.submit();
  }

  /** The share's worst rows, worst first, with their residuals. */
  async worst(wanted: number): Promise<WorstRows> {
    const { gpu, runner, buffers, spec } = this.#context;
    const count = Math.min(wanted, this.#rows, spec.atoms);
    if (count === 0) {
      return { errors: new Float64Array(), residuals: new Float32Array() };
    }
    orderWorst(this.#context, this.#rows, count);
    const [words] = await readBack(gpu, runner, [
      { buffer: buffers.worst, offset: 0, bytes: 4 * count },
    ]);
    const rows = [...new Uint32Array(words)];
    const [pairs, ...found] = await readBack(gpu, runner, [
      { buffer: buffers.energies, offset: 0, bytes: 8 * this.#rows },
      ...rows.map((row) => rowRange(buffers.rows, row)),
    ]);
    const [errors] = unpackPairs(new Float32Array(pairs));
    const residuals = new Float32Array(count * spec.width);
    found.forEach((bytes, i) => this.#unpad(bytes, residuals, i * spec.width));
    return {
      errors: Float64Array.from(rows, (row) => errors[row]),
      residuals,
    };
  }

  // The group that a place of the order is in, coded with its first place.
  #openAt(place: number): number {
    if (this.#open !== undefined) return this.#open;
    const context = this.#context, { groups } = context.plan;
    const index = groups.findIndex(({ start }) => start === place);
    this.#open = index;
    this.#tools.gram(index);
    if (this.#rows > 0) {
      const { ridge, shrink, atomBatch } = this.#step;
      const most = this.#sparsities[index];
      codeGroup(context, index, this.#rows, { ridge, most, shrink });
      sortCodes(context, index, this.#rows, atomBatch);
      this.#tools.reports.sumEnergies(1 + 2 * index);
    }
    return index;
  }

  // Directions, weights and uses of the batch's atoms from the added-up sums, as many atoms at a time as sums are held.
  #take(
    index: number,
    from: number,
    to: number,
    sums: Float32Array | Float64Array,
  ): void {
    const context = this.#context, { runner, spec, plan } = context;
    const { start } = plan.groups[index], width = spec.width + 2;
    const { order, memory = 0 } = this.#step;
    const again = this.#taken++ > 0;
    for (let at = from; at < to; at += plan.atomBatch) {
      const end = Math.min(at + plan.atomBatch, to);
      const own = sums.subarray((at - from) * width, (end - from) * width);
      runner.submit(); // What is uploaded comes ahead of everything recorded.
      this.#uploadSums(own);
      if (!again) this.#uploadUses(order.subarray(at, end), own, at - start);
      const batch = { begin: at - start, end: end - start };
      normaliseBatch(context, batch, { again, memory, chunks: 1 });
    }
    runner.submit();
  }

  // The sums of some atoms as if each were in one chunk.
  #uploadSums(sums: Float32Array | Float64Array): void {
    const { runner, buffers, spec: { width: n } } = this.#context;
    const count = sums.length / (n + 2);
    const rows = new Float32Array(count * n), alongs = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const at = i * (n + 2);
      rows.set(sums.subarray(at, at + n), i * n);
      alongs[i] = sums[at + n];
    }
    const { stride } = buffers.sums;
    const padded = padRows(rows, count, n, stride);
    for (const run of partRuns(buffers.sums, 0, count)) {
      runner.upload(
        buffers.sums.buffers[run.part],
        padded.subarray(
          4 * stride * run.from,
          4 * stride * (run.from + run.rows),
        ),
        16 * stride * run.offset,
      );
    }
    runner.upload(buffers.alongs, alongs);
  }

  // The state that the update of some atoms begins with, from a turn on: who they are and how often they are used.
  #uploadUses(
    atoms: Uint32Array,
    sums: Float32Array | Float64Array,
    turn: number,
  ): void {
    const { runner, buffers, spec: { width: n } } = this.#context;
    const states = new Uint32Array(UPDATE_WORDS * atoms.length);
    atoms.forEach((atom, i) => {
      const uses = sums[i * (n + 2) + n + 1];
      this.#usage[atom] = uses;
      states.set([atom, uses], UPDATE_WORDS * i);
    });
    runner.upload(buffers.updates, states, 4 * UPDATE_WORDS * turn);
  }

  async #readSums(
    from: number,
    to: number,
    start: number,
  ): Promise<Float32Array> {
    const { gpu, runner, buffers, spec: { width: n, atoms } } = this.#context;
    const order = this.#step.order.subarray(from, to);
    const [alongs, usage, ...found] = await readBack(gpu, runner, [
      {
        buffer: buffers.totals,
        offset: 4 * (from - start),
        bytes: 4 * order.length,
      },
      { buffer: buffers.usage, offset: 0, bytes: 4 * atoms },
      ...Array.from(order, (atom) => rowRange(buffers.next, atom)),
    ]);
    const along = new Float32Array(alongs), uses = new Uint32Array(usage);
    const sums = new Float32Array(order.length * (n + 2));
    order.forEach((atom, i) => {
      const at = i * (n + 2);
      this.#unpad(found[i], sums, at);
      sums.set([along[i], uses[atom]], at + n);
    });
    return sums;
  }

  #unpad(bytes: ArrayBuffer, out: Float32Array, at: number): void {
    const { buffers, spec: { width: n } } = this.#context;
    const { stride } = buffers.rows;
    unpadRows(new Float32Array(bytes), stride, n, out.subarray(at, at + n));
  }

  // Ends a group: what is left of the rows, and near-duplicates by the uses of all processes.
  #close(index: number): void {
    const context = this.#context, { runner, buffers, plan } = context;
    const { start, atoms } = plan.groups[index];
    if (this.#rows > 0) {
      sumEnergies(context, this.#rows);
      this.#tools.reports.sumEnergies(2 + 2 * index);
    }
    runner.submit();
    const usage = this.#usage.subarray(start, start + atoms);
    runner.upload(buffers.usage, usage, 4 * start);
    flagDuplicates(context, index);
    this.#open = undefined;
  }
}

// Where a row of a matrix lies.
function rowRange(matrix: Matrix, row: number): ByteRange {
  const [{ part, offset }] = partRuns(matrix, row, 1);
  const bytes = 16 * matrix.stride;
  return { buffer: matrix.buffers[part], offset: offset * bytes, bytes };
}
