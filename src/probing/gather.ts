import type { RowSource } from "../rows/source.ts";
import type { RowCoder, RunOptions } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import { rowNumbersOf } from "../use/codes.ts";
import type { ClassColumn } from "./classes.ts";
import type { Firing } from "./contestants.ts";
import type { Task } from "./draw.ts";
import { KeptUnits, latentsIn } from "./keep.ts";
import { LatentCounts, placesOf } from "./latents.ts";
import type { RowUnits } from "./units.ts";

/** What is gathered of rows while they are coded once. */
export interface Gathered {
  kept: KeptUnits;
  /** How often latents fire, by coder. */
  firing: Firing[];
  /** Rows coded. */
  rows: number;
  /** Those without a label in any column. */
  unlabelled: number;
}

/** What of the rows is wanted. */
export interface GatherPlan {
  units: RowUnits;
  /** The columns, row by row. */
  columns: readonly ClassColumn[];
  tasks: readonly Task[];
  /** Of them those whose classes latents are counted by. */
  counted: readonly Task[];
  /** Which rows are coded. */
  delivery: Parameters<RowSource["batches"]>[1];
}

/**
 * Codes all rows once by every coder: keeps rows and latents of the units that tasks are about, and counts how often
 * every latent fires in each class. Memory is bounded by these units and by latents × classes, whatever the number of
 * rows.
 */
export async function gather(
  source: RowSource,
  coders: readonly RowCoder[],
  plan: GatherPlan,
  run: RunOptions,
): Promise<Gathered> {
  const { units, tasks } = plan;
  const wanted = new Set<number>();
  for (const { train, test } of tasks) {
    for (const unit of train.units) wanted.add(unit);
    for (const unit of test.units) wanted.add(unit);
  }
  const kept = new KeptUnits(
    Uint32Array.from(wanted).sort(),
    units.count,
    source.width,
    coders.length,
    units.pooled,
  );
  const tallies = coders.map(({ decoder }) => new Tally(decoder.atoms, plan));
  let rows = 0, unlabelled = 0;
  const coded = codeRows(source, coders, {
    signal: run.signal,
    onProgress: run.onProgress,
    delivery: plan.delivery,
  });
  for await (const { batch, codes } of coded) {
    const numbers = rowNumbersOf(batch);
    for (let i = 0; i < batch.rows; i++) {
      const row = numbers[i], unit = units.unitOf(row);
      const slot = kept.slotOf(unit);
      if (slot >= 0) kept.addRow(slot, batch.data, i);
      for (const [c, { decoder }] of coders.entries()) {
        const latents = latentsIn(codes[c], i, decoder.atoms);
        if (slot >= 0) kept.addLatents(c, slot, latents);
        tallies[c].add(row, unit, latents.latents);
      }
      if (!plan.columns.some((one) => one.classesOf(row).length > 0)) {
        unlabelled++;
      }
    }
    rows += batch.rows;
  }
  const firing = tallies.map((tally) => tally.firing);
  return { kept, firing, rows, unlabelled };
}

// How often one coder's latents fire.
class Tally {
  readonly firing: Firing;
  readonly #plan: GatherPlan;
  readonly #places: Map<string, Map<number, number>>;

  constructor(atoms: number, plan: GatherPlan) {
    this.#plan = plan;
    this.#places = new Map(plan.columns.map(({ name }) => [
      name,
      new Map(placesOf(plan.counted, name).map((place, i) => [place, i])),
    ]));
    this.firing = {
      all: new LatentCounts(2 * atoms, 0),
      byLabel: new Map(plan.columns.map(({ name }) => {
        const classes = this.#places.get(name)!.size;
        const counts = () => new LatentCounts(2 * atoms, classes);
        return [name, { train: counts(), test: counts() }];
      })),
      nonzeros: 0,
      rows: 0,
    };
  }

  add(row: number, unit: number, latents: Uint32Array): void {
    const { firing } = this;
    firing.all.add(latents, []);
    firing.nonzeros += latents.length;
    firing.rows++;
    for (const column of this.#plan.columns) {
      const classes = column.classesOf(row);
      if (classes.length === 0) continue;
      const places = this.#places.get(column.name)!;
      const counted = Array.from(classes, (c) => places.get(c))
        .filter((place) => place !== undefined);
      const side = this.#plan.units.isTest(unit) ? "test" : "train";
      firing.byLabel.get(column.name)![side].add(latents, counted);
    }
  }
}
