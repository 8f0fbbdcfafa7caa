import { EMPTY_SLOT } from "../engine/engine.ts";
import type { SparseCodes } from "../coding/coder.ts";
import type { LatentStore, SparseUnit } from "./features.ts";

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
  /** Latents of each coder. */
  readonly #latents: (RowLatents | PooledLatents)[];
  readonly #width: number;

  /**
   * @param units the units to keep, each once
   * @param of units in all
   * @param width n
   * @param coders how many
   * @param pooled whether a unit is made of several rows
   */
  constructor(
    units: Uint32Array,
    of: number,
    width: number,
    coders: number,
    pooled: boolean,
  ) {
    this.units = units;
    this.#width = width;
    this.#slots = new Int32Array(of).fill(-1);
    units.forEach((unit, slot) => this.#slots[unit] = slot);
    this.rows = new Float32Array(units.length * width);
    this.counts = new Uint32Array(units.length);
    this.#latents = Array.from(
      { length: coders },
      () =>
        pooled ? new PooledLatents(this.counts) : new RowLatents(units.length),
    );
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
  addLatents(coder: number, slot: number, row: SparseUnit): void {
    this.#latents[coder].add(slot, row);
  }

  /** Raw rows as means over what each unit was made of. */
  means(): Float32Array {
    const n = this.#width;
    return this.rows.map((sum, e) =>
      sum / Math.max(1, this.counts[Math.floor(e / n)])
    );
  }

  /** The latents of every slot by one coder, as means over what the unit was made of. */
  latentsOf(coder: number): LatentStore {
    return this.#latents[coder];
  }
}

// The latents of single rows, one row's after the other's as they come.
class RowLatents implements LatentStore {
  #latents = new Uint32Array(1024);
  #values = new Float32Array(1024);
  #used = 0;
  readonly #starts: Float64Array;
  readonly #sizes: Uint32Array;

  constructor(slots: number) {
    this.#starts = new Float64Array(slots);
    this.#sizes = new Uint32Array(slots);
  }

  add(slot: number, { latents, values }: SparseUnit): void {
    const end = this.#used + latents.length;
    if (end > this.#latents.length) this.#grow(end);
    this.#latents.set(latents, this.#used);
    this.#values.set(values, this.#used);
    this.#starts[slot] = this.#used;
    this.#sizes[slot] = latents.length;
    this.#used = end;
  }

  forEach(slot: number, visit: (latent: number, value: number) => void): void {
    const start = this.#starts[slot], end = start + this.#sizes[slot];
    for (let e = start; e < end; e++) visit(this.#latents[e], this.#values[e]);
  }

  #grow(least: number): void {
    const length = Math.max(least, Math.ceil(1.5 * this.#latents.length));
    const latents = new Uint32Array(length), values = new Float32Array(length);
    latents.set(this.#latents);
    values.set(this.#values);
    [this.#latents, this.#values] = [latents, values];
  }
}

// Sums over the rows of each unit.
class PooledLatents implements LatentStore {
  readonly #sums: Map<number, number>[] = [];

  constructor(readonly counts: Uint32Array) {}

  add(slot: number, { latents, values }: SparseUnit): void {
    const sums = this.#sums[slot] ??= new Map<number, number>();
    latents.forEach((latent, e) =>
      sums.set(latent, (sums.get(latent) ?? 0) + values[e])
    );
  }

  forEach(slot: number, visit: (latent: number, value: number) => void): void {
    const each = 1 / Math.max(1, this.counts[slot]);
    this.#sums[slot]?.forEach((sum, latent) => visit(latent, sum * each));
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
