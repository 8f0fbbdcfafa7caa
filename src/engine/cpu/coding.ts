import { ompName } from "../../wasm/kernels/omp.ts";
import { DEPENDENT_PIVOT, NEGLIGIBLE_CORRELATION } from "../../thresholds.ts";
import { EMPTY_SLOT } from "../engine.ts";
import { nonnegativeLeastSquares } from "../reference/coefficients.ts";
import { Refinement } from "../reference/refinement.ts";
import { atomsOf, type Context, groupAtHand } from "./context.ts";
import { CHUNK_ROWS, type GroupPlace, up } from "./layout.ts";
import { multiply } from "./products.ts";

/** λ and α of coefficients. */
interface Shrinkage {
  ridge: number;
  shrink: number;
}

/** A pivot under this share of its diagonal is rounding. A choice with λ > 0 may hold dependent atoms; OMP's never does. */
const ROUNDING_PIVOT = 1e-9;

const NO_SHRINKAGE: Shrinkage = { ridge: 0, shrink: 0 };

/** One row under its pursuit. */
interface RowAtHand {
  group: GroupPlace;
  gram: Float32Array;
  /** Address of its correlations. */
  correlations: number;
  /** ‖y‖² of what earlier groups left of it. */
  energy: number;
  /** It ends where ‖r‖² is at most this; 0: never. */
  stop: number;
  /** Correlations up to this are rounding. */
  floor: number;
  /** Slots that it may fill. */
  slots: number;
}

/** Codes rows of one group, a task being `CHUNK_ROWS` rows: correlations, pursuit, coefficients, residual. */
export class Coder {
  readonly #context: Context;
  readonly #matrix: Float64Array;
  #refinement:
    | { gram: Float32Array; slots: number; it: Refinement }
    | undefined;
  #wide = new Float64Array(0);

  constructor(context: Context) {
    this.#context = context;
    this.#matrix = new Float64Array(context.spec.coder.sparsity ** 2);
  }

  /** Codes the rows of a task, and takes what they explain away from them. */
  code(task: number): void {
    const { layout, orders, own } = this.#context;
    const group = groupAtHand(this.#context);
    const first = task * CHUNK_ROWS;
    const count = Math.min(CHUNK_ROWS, orders.get("rows") - first);
    const at = layout.residual + first * layout.rowBytes;
    multiply(this.#context, group, {
      atoms: atomsOf(this.#context, group),
      x: at,
      rows: count,
      c: own.correlations,
      panel: 0,
    });
    for (let i = 0; i < count; i++) this.#codeRow(group, first + i, i);
  }

  #codeRow(group: GroupPlace, row: number, inChunk: number): void {
    const { spec, layout, kernels, orders, own, views } = this.#context;
    const { rowBytes } = layout, { tolerance } = spec.coder;
    const r = layout.residual + row * rowBytes;
    const energy = kernels.dot(r, r, rowBytes);
    views.current[row] = energy;
    if (group.start === 0) views.energies[row] = energy;
    const whole = views.energies[row];
    const used = this.#pursue({
      group,
      gram: views.grams[orders.get("group")],
      correlations: own.correlations + 4 * group.padded * inChunk,
      energy,
      stop: tolerance ** 2 * whole,
      floor: NEGLIGIBLE_CORRELATION * Math.sqrt(whole),
      slots: orders.get("slots"),
    });
    this.#subtract(group, r, used);
    this.#write(row, used);
    views.errors[row] = kernels.dot(r, r, rowBytes);
  }

  // The code of a row, in the thread's own `support` and `x`: its number of nonzeros.
  #pursue(row: RowAtHand): number {
    const { spec: { coder }, orders } = this.#context;
    const shrinkage = {
      ridge: orders.get("ridge"),
      shrink: orders.get("shrink"),
    };
    if (coder.method === "omp") {
      const count = this.#omp(row);
      return this.#solve(row, this.#refine(row, count), shrinkage);
    }
    const count = this.#mp(row);
    return coder.refit || shrinkage.ridge + shrinkage.shrink > 0
      ? this.#solve(row, count, shrinkage)
      : this.#nonzeros(count);
  }

  #omp({ group, correlations, ...row }: RowAtHand): number {
    const { layout, kernels, own, spec: { coder } } = this.#context;
    const signed = !coder.nonnegative && coder.candidates !== "positive";
    const omp = kernels[ompName(signed, coder.weights !== undefined)];
    return omp(
      correlations,
      own.changing,
      group.gram,
      own.steps,
      own.entries,
      own.support,
      layout.choice + 4 * group.first,
      4 * group.padded,
      row.slots,
      row.floor,
      row.energy,
      row.stop,
      coder.selectionRidge ?? 0,
    );
  }

  #mp({ group, correlations, ...row }: RowAtHand): number {
    const { kernels, own, spec } = this.#context;
    const mp = spec.coder.nonnegative ? kernels.mpPositive : kernels.mp;
    return mp(
      correlations,
      own.changing,
      group.gram,
      own.support,
      own.x,
      4 * group.padded,
      row.slots,
      this.#context.mpSteps * row.slots,
      row.floor,
      row.energy,
      row.stop,
    );
  }

  // Betters the support; where codes are to be positive, what their least squares leave of it.
  #refine(row: RowAtHand, count: number): number {
    const { spec: { coder }, views } = this.#context;
    if (!coder.refine) return count;
    const kept = coder.nonnegative
      ? this.#solve(row, count, NO_SHRINKAGE)
      : count;
    const { group, energy } = row;
    if (this.#wide.length !== group.padded) {
      this.#wide = new Float64Array(group.padded);
    }
    this.#wide.set(this.#correlationsOf(row));
    const refinement = this.#refinementFor(row);
    refinement.run(this.#wide, energy, views.support.subarray(0, kept));
    return kept;
  }

  // Fills `x` and leaves out of the support what has no coefficient.
  #solve(
    { group, gram, correlations, ...row }: RowAtHand,
    count: number,
    { ridge, shrink }: Shrinkage,
  ): number {
    const { kernels, own, spec: { coder } } = this.#context;
    const used = kernels.coefficients(
      correlations,
      group.gram,
      own.support,
      own.x,
      own.room,
      4 * group.padded,
      count,
      coder.nonnegative ? 1 : 0,
      ridge,
      shrink,
      coder.selectionRidge ? DEPENDENT_PIVOT : ROUNDING_PIVOT,
    );
    if (used >= 0) return used;
    const all = { group, gram, correlations, ...row };
    return this.#solvePositive(all, count, { ridge, shrink });
  }

  // Least squares on the support are not all positive: which coefficients are 0 has to be found.
  #solvePositive(
    row: RowAtHand,
    count: number,
    { ridge, shrink }: Shrinkage,
  ): number {
    const { support, x } = this.#context.views;
    const matrix = this.#matrix.subarray(0, count * count);
    const c = this.#correlationsOf(row), { padded } = row.group;
    const right = new Float64Array(count);
    for (let s = 0; s < count; s++) {
      right[s] = c[support[s]] - shrink;
      for (let t = 0; t < count; t++) {
        matrix[s * count + t] = row.gram[support[s] * padded + support[t]] +
          (s === t ? ridge : 0);
      }
    }
    x.set(nonnegativeLeastSquares(matrix, right));
    return this.#nonzeros(count);
  }

  // Leaves out what has no coefficient, or a negative one that may not be.
  #nonzeros(count: number): number {
    const { spec, views: { support, x } } = this.#context;
    let used = 0;
    for (let s = 0; s < count; s++) {
      if (x[s] === 0 || (spec.coder.nonnegative && x[s] < 0)) continue;
      support[used] = support[s];
      x[used++] = x[s];
    }
    return used;
  }

  #subtract(group: GroupPlace, r: number, used: number): void {
    const { layout, kernels, own, views } = this.#context;
    const count = up(used, 4);
    views.support.fill(0, used, count);
    views.x.fill(0, used, count);
    kernels.residual(
      r,
      atomsOf(this.#context, group),
      own.support,
      own.x,
      count,
      layout.rowBytes,
    );
  }

  #write(row: number, used: number): void {
    const { layout, orders, views } = this.#context;
    const slot = row * layout.sparsity + orders.get("slot");
    const { indices, values, support, x } = views;
    for (let s = 0; s < used; s++) {
      indices[slot + s] = support[s];
      values[slot + s] = x[s];
    }
    for (let s = used; s < orders.get("slots"); s++) {
      indices[slot + s] = EMPTY_SLOT;
      values[slot + s] = 0;
    }
  }

  #correlationsOf({ group, correlations }: RowAtHand): Float32Array {
    const { buffer } = this.#context.views.x;
    return new Float32Array(buffer, correlations, group.padded);
  }

  #refinementFor({ group, gram, slots }: RowAtHand): Refinement {
    const { refine = 0, nonnegative } = this.#context.spec.coder;
    const known = this.#refinement;
    if (known?.gram === gram && known.slots === slots) return known.it;
    const it = new Refinement(gram, group.padded, {
      sparsity: slots,
      passes: refine,
      nonnegative,
    });
    this.#refinement = { gram, slots, it };
    return it;
  }
}
