import { EMPTY_SLOT } from "../engine/engine.ts";
import type { SparseCodes } from "../coding/coder.ts";
import type { SparseUnit } from "./features.ts";

/** Raw rows and latents of the units that probes are fitted to and tested on, as they come by. */
export class KeptUnits {
  /** Slot of each unit; −1 for those not kept. */
  readonly #slots: Int32Array;
  /** Units by slot. */
  readonly units: Uint32Array;
  /** Sums of raw rows, slots × width. */
  readonly rows: Float32Array;
  /** Rows that each slot was made of. */
  readonly counts: Uint32Array;
  /** Latents of each coder, slot by slot. */
  readonly #latents: Map<number, number>[][];
  readonly #width: number;

  /**
   * @param units the units to keep, each once
   * @param of units in all
   * @param width n
   * @param coders how many
   */
  constructor(units: Uint32Array, of: number, width: number, coders: number) {
    this.units = units;
    this.#width = width;
    this.#slots = new Int32Array(of).fill(-1);
    units.forEach((unit, slot) => this.#slots[unit] = slot);
    this.rows = new Float32Array(units.length * width);
    this.counts = new Uint32Array(units.length);
    this.#latents = Array.from({ length: coders }, () => []);
  }

  /** The slot of a unit; −1 where it is not kept. */
  slotOf(unit: number): number {
    return this.#slots[unit];
  }

  /** Adds a raw row to a unit's slot. */
  addRow(slot: number, data: Float32Array, row: number): void {
    const n = this.#width, to = slot * n, from = row * n;
    for (let p = 0; p < n; p++) this.rows[to + p] += data[from + p];
    this.counts[slot]++;
  }

  /** Adds the latents of a row by one coder to a unit's slot. */
  addLatents(
    coder: number,
    slot: number,
    { latents, values }: SparseUnit,
  ): void {
    const sums = this.#latents[coder][slot] ??= new Map<number, number>();
    latents.forEach((latent, e) =>
      sums.set(latent, (sums.get(latent) ?? 0) + values[e])
    );
  }

  /** Raw rows as means over what each unit was made of. */
  means(): Float32Array {
    const n = this.#width;
    return this.rows.map((sum, e) =>
      sum / Math.max(1, this.counts[Math.floor(e / n)])
    );
  }

  /** The latents of every slot by one coder, as means over what the unit was made of, times a factor. */
  latentsOf(coder: number, factor: number): SparseUnit[] {
    return Array.from(this.units, (_, slot) => {
      const sums = this.#latents[coder][slot] ?? new Map<number, number>();
      const each = factor / Math.max(1, this.counts[slot]);
      return {
        latents: Uint32Array.from(sums.keys()),
        values: Float32Array.from(sums.values(), (sum) => sum * each),
      };
    });
  }
}

/**
 * One row's codes as latents that are never negative: atom j's positive codes are latent j, its negative ones m + j.
 */
export function latentsIn(
  codes: SparseCodes,
  row: number,
  atoms: number,
): SparseUnit {
  const { sparsity: k, indices, values } = codes;
  const latents: number[] = [], sizes: number[] = [];
  for (let e = row * k; e < (row + 1) * k; e++) {
    const value = values[e];
    if (indices[e] === EMPTY_SLOT || value === 0) continue;
    latents.push(value > 0 ? indices[e] : atoms + indices[e]);
    sizes.push(Math.abs(value));
  }
  return {
    latents: Uint32Array.from(latents),
    values: Float32Array.from(sizes),
  };
}
