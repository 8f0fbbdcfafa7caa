import type { Kernels } from "../../wasm/module.ts";
import { ompName } from "../../wasm/kernels/omp.ts";
import { DEPENDENT_PIVOT, NEGLIGIBLE_CORRELATION } from "../../thresholds.ts";
import { correlationFloor, isPositive } from "../dial.ts";
import { EMPTY_SLOT } from "../engine.ts";
import { LargestEntries } from "../largest.ts";
import { nonnegativeLeastSquares } from "../reference/coefficients.ts";
import { Refinement } from "../reference/refinement.ts";
import { atomsOf, type Context, groupAtHand } from "./context.ts";
import { type GroupPlace, up } from "./layout.ts";
import { multiply } from "./products.ts";

/**
 * A pivot under this share of its diagonal is rounding. A choice with λ > 0 may hold dependent atoms; OMP's never
 * does.
 */
const ROUNDING_PIVOT = 1e-9;

/** What all rows of a task share: read once, since a small row is done in microseconds. */
interface TaskAtHand {
  group: GroupPlace;
  gram: Float32Array;
  /** Address of the group's atoms, and bytes of a row of its Gram. */
  atoms: number;
  gramRow: number;
  /** Where its codes begin among a row's slots, and how many it may fill. */
  slot: number;
  slots: number;
  ridge: number;
  shrink: number;
  threshold: number;
}

/** One row under its pursuit. */
interface RowAtHand {
  /** Address of its correlations. */
  correlations: number;
  /** ‖y‖² of what earlier groups left of it. */
  energy: number;
  /** It ends where ‖r‖² is at most this; 0: never. */
  stop: number;
  /** Correlations up to this choose nothing. */
  floor: number;
}

/** Codes rows of one group, a task being `codeRows` rows: correlations, pursuit, coefficients, residual. */
export class Coder {
  readonly #context: Context;
  readonly #matrix: Float64Array;
  readonly #omp: Kernels[keyof Kernels];
  readonly #mp: Kernels[keyof Kernels];
  readonly #largest: LargestEntries | undefined;
  /** Made for a task: it knows the Gram's diagonal as it stands. */
  #refinement: Refinement | undefined;
  #wide = new Float64Array(0);

  constructor(context: Context) {
    const { kernels, spec: { coder } } = context;
    this.#context = context;
    const pursues = coder.method !== "correlations";
    this.#matrix = new Float64Array(pursues ? coder.sparsity ** 2 : 0);
    const signed = !isPositive(coder);
    if (!pursues) this.#largest = new LargestEntries(coder.sparsity, !signed);
    this.#omp = kernels[ompName(signed, coder.weights !== undefined)];
    this.#mp = coder.nonnegative ? kernels.mpPositive : kernels.mp;
  }

  /** Codes the rows of a task, and takes what they explain away from them. */
  code(task: number): void {
    const { layout, orders, own, views } = this.#context;
    const group = groupAtHand(this.#context);
    const first = task * layout.codeRows;
    const count = Math.min(layout.codeRows, orders.get("rows") - first);
    const hand: TaskAtHand = {
      group,
      gram: views.grams[orders.get("group")],
      atoms: atomsOf(this.#context, group),
      gramRow: 4 * group.padded,
      slot: orders.get("slot"),
      slots: orders.get("slots"),
      ridge: orders.get("ridge"),
      shrink: orders.get("shrink"),
      threshold: orders.get("threshold"),
    };
    multiply(this.#context, group, {
      atoms: hand.atoms,
      x: layout.residual + first * layout.rowBytes,
      rows: count,
      c: own.correlations,
      panel: 0,
    });
    this.#refinement = undefined;
    for (let i = 0; i < count; i++) {
      this.#codeRow(hand, first + i, own.correlations + i * hand.gramRow);
    }
  }

  #codeRow(hand: TaskAtHand, row: number, correlations: number): void {
    const { spec, layout, kernels, views } = this.#context;
    const { rowBytes } = layout, { tolerance } = spec.coder;
    const r = layout.residual + row * rowBytes;
    if (this.#largest !== undefined) {
      const energy = views.energies[row] = kernels.dot(r, r, rowBytes);
      views.errors[row] = energy;
      return this.#takeLargest(this.#largest, hand, row, correlations);
    }
    const energy = kernels.dot(r, r, rowBytes);
    views.current[row] = energy;
    if (hand.group.start === 0) views.energies[row] = energy;
    const whole = views.energies[row];
    const used = this.#pursue(hand, {
      correlations,
      energy,
      stop: tolerance ** 2 * whole,
      floor: correlationFloor(whole, hand.threshold),
    });
    this.#subtract(hand, r, used);
    this.#write(hand, row, used);
    views.errors[row] = kernels.dot(r, r, rowBytes);
  }

  // A row's largest correlations; it stays as it is.
  #takeLargest(
    largest: LargestEntries,
    { group, slot, slots }: TaskAtHand,
    row: number,
    correlations: number,
  ): void {
    const { layout, views } = this.#context;
    const from = row * layout.sparsity + slot;
    largest.find(
      this.#floats(correlations, group.atoms),
      NEGLIGIBLE_CORRELATION * Math.sqrt(views.energies[row]),
      views.indices.subarray(from, from + slots),
      views.values.subarray(from, from + slots),
    );
  }

  // The code of a row, in the thread's own `support` and `x`: its number of nonzeros.
  #pursue(hand: TaskAtHand, row: RowAtHand): number {
    const { coder } = this.#context.spec, { ridge, shrink } = hand;
    if (coder.method === "omp") {
      const count = this.#choose(hand, row);
      const kept = coder.refine ? this.#refine(hand, row, count) : count;
      return this.#solve(hand, row.correlations, kept, ridge, shrink);
    }
    const count = this.#match(hand, row);
    return coder.refit || ridge + shrink > 0
      ? this.#solve(hand, row.correlations, count, ridge, shrink)
      : this.#nonzeros(count);
  }

  #choose(hand: TaskAtHand, row: RowAtHand): number {
    const { layout, own, spec: { coder } } = this.#context;
    return this.#omp(
      row.correlations,
      own.changing,
      hand.group.gram,
      own.steps,
      own.entries,
      own.support,
      layout.choice + 4 * hand.group.first,
      hand.gramRow,
      hand.slots,
      row.floor,
      row.energy,
      row.stop,
      coder.selectionRidge ?? 0,
    );
  }

  #match(hand: TaskAtHand, row: RowAtHand): number {
    const { own, mpSteps } = this.#context;
    return this.#mp(
      row.correlations,
      own.changing,
      hand.group.gram,
      own.support,
      own.x,
      hand.gramRow,
      hand.slots,
      mpSteps * hand.slots,
      row.floor,
      row.energy,
      row.stop,
    );
  }

  // Betters the support; where codes are to be positive, what their least squares leave of it.
  #refine(hand: TaskAtHand, row: RowAtHand, count: number): number {
    const { spec: { coder }, views } = this.#context;
    const kept = coder.nonnegative
      ? this.#solve(hand, row.correlations, count, 0, 0)
      : count;
    const { padded } = hand.group;
    if (this.#wide.length !== padded) this.#wide = new Float64Array(padded);
    this.#wide.set(this.#floats(row.correlations, padded));
    const support = views.support.subarray(0, kept);
    this.#refinement ??= new Refinement(hand.gram, padded, {
      sparsity: hand.slots,
      passes: coder.refine ?? 0,
      nonnegative: coder.nonnegative,
    });
    this.#refinement.run(this.#wide, row.energy, support);
    return kept;
  }

  // Fills `x` and leaves out of the support what has no coefficient.
  #solve(
    hand: TaskAtHand,
    correlations: number,
    count: number,
    ridge: number,
    shrink: number,
  ): number {
    const { kernels, own, spec: { coder } } = this.#context;
    const used = kernels.coefficients(
      correlations,
      hand.group.gram,
      own.support,
      own.x,
      own.room,
      hand.gramRow,
      count,
      coder.nonnegative ? 1 : 0,
      ridge,
      shrink,
      coder.selectionRidge ? DEPENDENT_PIVOT : ROUNDING_PIVOT,
    );
    return used >= 0
      ? used
      : this.#solvePositive(hand, correlations, count, ridge, shrink);
  }

  // Least squares on the support are not all positive: which coefficients are 0 has to be found.
  #solvePositive(
    { group: { padded }, gram }: TaskAtHand,
    correlations: number,
    count: number,
    ridge: number,
    shrink: number,
  ): number {
    const { support, x } = this.#context.views;
    const matrix = this.#matrix.subarray(0, count * count);
    const c = this.#floats(correlations, padded);
    const right = new Float64Array(count);
    for (let s = 0; s < count; s++) {
      right[s] = c[support[s]] - shrink;
      for (let t = 0; t < count; t++) {
        matrix[s * count + t] = gram[support[s] * padded + support[t]] +
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

  #subtract(hand: TaskAtHand, r: number, used: number): void {
    const { layout, kernels, own, views } = this.#context;
    const count = up(used, 4);
    for (let s = used; s < count; s++) views.support[s] = views.x[s] = 0;
    kernels.residual(
      r,
      hand.atoms,
      own.support,
      own.x,
      count,
      layout.rowBytes,
    );
  }

  #write({ slot, slots }: TaskAtHand, row: number, used: number): void {
    const { layout, views } = this.#context;
    const { indices, values, support, x } = views;
    const from = row * layout.sparsity + slot;
    for (let s = 0; s < used; s++) {
      indices[from + s] = support[s];
      values[from + s] = x[s];
    }
    for (let s = used; s < slots; s++) {
      indices[from + s] = EMPTY_SLOT;
      values[from + s] = 0;
    }
  }

  #floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#context.views.x.buffer, at, count);
  }
}
