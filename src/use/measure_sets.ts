import {
  engineCoder,
  type RunOptions,
  type SparseCodes,
} from "../coding/coder.ts";
import { type CodedRows, codeRows } from "../coding/rows.ts";
import { type Communicator, solo } from "../distributed/communicator.ts";
import { codesOfRow, rowsOfShards, ShardSums } from "../learn/shard_sums.ts";
import {
  type AtomUse,
  createMetrics,
  type RowMetrics,
} from "../metrics/accumulator.ts";
import {
  addDistributions,
  type CodeDistributions,
  createDistributions,
} from "../metrics/distributions.ts";
import type { DictionaryModel } from "../model/model.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import { RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";

/** Metrics of some rows, with what a report shows beyond numbers. */
export interface Measured {
  /** The metrics. */
  metrics: RowMetrics;
  /** How often each atom is used. */
  use: AtomUse;
  /** How code values and nonzeros are spread. */
  distributions: CodeDistributions;
}

/** How rows are measured. */
export interface MeasureOptions extends RunOptions {
  /** Ranges of the rows by which sums are formed: what is measured does not depend on who shares them. */
  shards?: number | undefined;
  /** The processes that share them; each gets what was measured of all rows. */
  group?: Communicator | undefined;
}

/**
 * Codes sets of rows with a model, without ridge, and measures the reconstructions of each set: all of them from one
 * read.
 *
 * @param model the dictionary
 * @param source the rows
 * @param sets which of them; no row is in two sets
 * @param options where it runs, who shares the work, progress, an `AbortSignal`
 * @returns what was measured of each set
 */
export async function measureSets(
  model: DictionaryModel,
  source: RowSource,
  sets: readonly RowSet[],
  options: MeasureOptions = {},
): Promise<Measured[]> {
  const { group = solo(), shards = 1 } = options;
  const { range, starts } = rowsOfShards(source.rowCount, shards, group);
  const tallies = sets.map(() => new Tally(model, starts));
  const coder = await engineCoder(model, options);
  try {
    const coded = codeRows(source, [coder], {
      ...options,
      delivery: { range, only: unionOf(sets, source.rowCount) },
    });
    for await (const part of coded) addPart(part, sets, tallies, model.width);
  } finally {
    await coder.close();
  }
  const measured: Measured[] = [];
  for (const tally of tallies) measured.push(await tally.result(group));
  return measured;
}

function unionOf(sets: readonly RowSet[], rowCount: number): RowSet {
  if (sets.length === 1) return sets[0];
  const union = new RowBits(rowCount);
  for (let row = 0; row < rowCount; row++) {
    if (sets.some((set) => set.has(row))) union.add(row);
  }
  return union;
}

function addPart(
  { batch, codes: [codes] }: CodedRows,
  sets: readonly RowSet[],
  tallies: readonly Tally[],
  width: number,
): void {
  for (let i = 0; i < batch.rows; i++) {
    const row = batch.rowNumbers?.[i] ?? batch.firstRow + i;
    const values = batch.data.subarray(i * width, (i + 1) * width);
    const set = sets.findIndex((set) => set.has(row));
    tallies[set].add(row, values, codesOfRow(codes, i));
  }
}

/** What is measured of one set's rows. */
class Tally {
  readonly #metrics: ReturnType<typeof createMetrics>;
  readonly #sums: ShardSums;
  readonly #distributions = createDistributions();

  /**
   * @param model what is measured
   * @param starts the first row of each of this process's shards
   */
  constructor(model: DictionaryModel, starts: readonly number[]) {
    this.#metrics = createMetrics(model);
    this.#sums = new ShardSums(this.#metrics, starts);
  }

  add(row: number, values: Float32Array, codes: SparseCodes): void {
    this.#sums.add(row, values, codes);
    this.#distributions.add(codes);
  }

  /** What was measured by all processes. */
  async result(group: Communicator): Promise<Measured> {
    await this.#sums.conclude(group);
    const counted = await group.gather(toBytes(this.#distributions.result()));
    const all = await Promise.all(counted.map(fromBytes));
    return {
      metrics: this.#metrics.result(),
      use: this.#metrics.use(),
      distributions: addDistributions(all as CodeDistributions[]),
    };
  }
}
