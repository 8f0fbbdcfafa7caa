import { type Codes, EMPTY_SLOT } from "../../engine/engine.ts";
import type { TextPlaces } from "../../inspection/contexts.ts";
import type { ContextCuts } from "./contexts.ts";
import { Spool } from "./spool.ts";

/** What is not above this counts as nothing, as in delphi. */
const LEAST = 1e-5;
/** The largest number of 16 bits. */
const MOST_F16 = 65_504;

/** Latents from `first` to `last`, which stand in one file. */
export interface Split {
  first: number;
  last: number;
  /** Three whole numbers a code: context, position, latent − first. */
  locations: Spool;
  /** Its activation. */
  activations: Spool;
}

/** Where latents are active, by splits of the latents. */
export class Locations {
  /** Codes that were written. */
  active = 0;
  /** Codes that 16 bits have no number for: the largest one stands in their place. */
  cut = 0;

  private constructor(
    readonly splits: readonly Split[],
    readonly atoms: number,
    readonly cuts: ContextCuts,
  ) {}

  /**
   * @param directory where codes are spooled
   * @param latents how many there are: as many as atoms, or twice as many, the negative ones behind
   * @param atoms m
   * @param splits files to make of them
   * @param cuts where tokens are
   */
  static async in(
    directory: string,
    latents: number,
    atoms: number,
    splits: number,
    cuts: ContextCuts,
  ): Promise<Locations> {
    const count = Math.min(splits, latents);
    const bound = (split: number) => Math.floor(split * latents / count);
    const all: Split[] = [];
    for (let i = 0; i < count; i++) {
      all.push({
        first: bound(i),
        last: bound(i + 1) - 1,
        locations: await Spool.in(directory, `locations-${i}`),
        activations: await Spool.in(directory, `activations-${i}`),
      });
    }
    return new Locations(all, atoms, cuts);
  }

  /** Adds codes of consecutive tokens. */
  async add(codes: Codes, { rows, items }: TextPlaces): Promise<void> {
    const found = this.splits.map(() => ({
      locations: [] as number[],
      activations: [] as number[],
    }));
    for (let row = 0; row < codes.rows; row++) {
      const place = this.cuts.placeOf(rows[row], items[row]);
      if (place === undefined) continue;
      for (const { latent, value } of this.#usesOf(codes, row)) {
        const split = this.splits.findIndex(({ last }) => latent <= last);
        const { locations, activations } = found[split];
        const within = latent - this.splits[split].first;
        locations.push(place.context, place.position, within);
        activations.push(Math.min(MOST_F16, value));
        if (value > MOST_F16) this.cut++;
        this.active++;
      }
    }
    for (const [i, { locations, activations }] of found.entries()) {
      await this.splits[i].locations.write(Uint32Array.from(locations));
      await this.splits[i].activations.write(Float16Array.from(activations));
    }
  }

  // In order of the latents, as those who go through a dense row find them.
  #usesOf(
    { sparsity, indices, values }: Codes,
    row: number,
  ): { latent: number; value: number }[] {
    const uses: { latent: number; value: number }[] = [];
    for (let slot = row * sparsity; slot < (row + 1) * sparsity; slot++) {
      const value = Math.abs(values[slot]);
      if (indices[slot] === EMPTY_SLOT || value <= LEAST) continue;
      const behind = values[slot] < 0 ? this.atoms : 0;
      uses.push({ latent: indices[slot] + behind, value });
    }
    return uses.sort((a, b) => a.latent - b.latent);
  }

  close(): void {
    for (const { locations, activations } of this.splits) {
      locations.close();
      activations.close();
    }
  }
}
