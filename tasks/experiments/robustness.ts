import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import { randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import type { RowSet } from "../../src/rows/source.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";
import { SAMPLE } from "./generalisation.ts";
import { markdownTable, type Report } from "./report.ts";

/** Rows in one array. */
export interface Rows {
  data: Float32Array<ArrayBuffer>;
  width: number;
}

/** What is done to training rows, and to held-out rows, before a training on defaults. */
export interface Trouble {
  name: string;
  training(rows: Rows): Rows;
  /** Left out where held-out rows stay as they are. */
  heldOut?(rows: Rows): Rows;
}

const HUGE_ROWS = 10;
const REPEATED_ROWS = 100, REPEATS = 10;
const CONSTANT_COLUMNS = 10;

/** Everything that a default training should bear. */
export const TROUBLES: readonly Trouble[] = [
  { name: "the sample as it is", training: (rows) => rows },
  { name: `${HUGE_ROWS} rows 100 times as long`, training: withHugeRows },
  {
    name: `${REPEATED_ROWS} rows ${REPEATS} times each`,
    training: withRepeats,
  },
  everywhere(`${CONSTANT_COLUMNS} constant columns`, withConstants),
  everywhere("all values + 10 000", (rows) => mapped(rows, (v) => v + 1e4)),
  everywhere("all values · 10⁻⁶", (rows) => mapped(rows, (v) => v * 1e-6)),
  everywhere("all values · 10⁶", (rows) => mapped(rows, (v) => v * 1e6)),
];

/** Held-out FVU of the sample, whatever is done to its rows. */
export async function robustness(seeds: number): Promise<Report> {
  const rows: string[][] = [];
  for (const trouble of TROUBLES) {
    const outcomes = [];
    for (let seed = 0; seed < seeds; seed++) {
      outcomes.push(await troubledOutcome(trouble, {}, seed));
    }
    const least = Math.min(...outcomes.map(({ leastUses }) => leastUses));
    const capped = Math.max(...outcomes.map(({ capped }) => capped));
    const fvus = outcomes.map(({ fvu }) => fvu.toFixed(4)).join(", ");
    rows.push([trouble.name, fvus, String(capped), String(least)]);
    console.error(rows[rows.length - 1].join(" | "));
  }
  return {
    title: "Robustness",
    body: [
      `The sample, defaults, seeds 0 to ${
        seeds - 1
      }: held-out FVU, rows pulled in by \`normCap\`, and the least uses of any atom in a fresh encoding of the training rows. Huge and repeated rows are training rows; the other changes are made to held-out rows too.`,
      markdownTable(["", "held-out FVU", "pulled in", "least uses"], rows),
    ].join("\n\n"),
  };
}

/** Trains on the sample's troubled training rows and measures its held-out rows. */
export async function troubledOutcome(
  { training, heldOut = (rows) => rows }: Trouble,
  options: Partial<TrainOptions>,
  seed: number,
): Promise<{ fvu: number; capped: number; leastUses: number }> {
  const { kept, held } = await split(seed);
  const engines = { createEngine: createReferenceEngine };
  const rows = training(kept);
  const { model, config } = await train(
    rowsFromArray(rows.data, rows.width),
    { ...options, holdout: 0, seed },
    engines,
  );
  const fresh = heldOut(held);
  const apart = rowsFromArray(fresh.data, fresh.width);
  const { metrics } = await evaluate(model, apart, engines);
  const source = rowsFromArray(rows.data, rows.width);
  const { use } = await evaluate(model, source, engines);
  return {
    fvu: metrics.fvu,
    capped: config.rows.capped ?? 0,
    leastUses: Math.min(...use.rows),
  };
}

async function split(seed: number): Promise<{ kept: Rows; held: Rows }> {
  const source = await openRows([SAMPLE]);
  const { rowCount, width } = source;
  const data = await source.read({ start: 0, end: rowCount });
  await source.close();
  const heldOut = chooseHeldOut(rowCount, 0.1, seed)!;
  const others = { has: (row: number) => !heldOut.has(row) };
  return {
    kept: picked({ data, width }, others),
    held: picked({ data, width }, heldOut),
  };
}

function picked({ data, width }: Rows, set: Pick<RowSet, "has">): Rows {
  return {
    data: data.filter((_, e) => set.has(Math.floor(e / width))),
    width,
  };
}

function everywhere(name: string, change: (rows: Rows) => Rows): Trouble {
  return { name, training: change, heldOut: change };
}

function mapped({ data, width }: Rows, change: (v: number) => number): Rows {
  return { data: data.map(change), width };
}

function withHugeRows({ data, width }: Rows): Rows {
  const random = randomStream(0, "huge");
  const spoilt = data.slice();
  for (let count = 0; count < HUGE_ROWS; count++) {
    const row = random.integer(data.length / width) * width;
    for (let p = row; p < row + width; p++) spoilt[p] = 100 * data[p];
  }
  return { data: spoilt, width };
}

function withRepeats({ data, width }: Rows): Rows {
  const head = data.subarray(0, REPEATED_ROWS * width);
  const all = new Float32Array(data.length + (REPEATS - 1) * head.length);
  all.set(data);
  for (let r = 1; r < REPEATS; r++) {
    all.set(head, data.length + (r - 1) * head.length);
  }
  return { data: all, width };
}

function withConstants({ data, width }: Rows): Rows {
  const wide = width + CONSTANT_COLUMNS, rows = data.length / width;
  const all = new Float32Array(rows * wide).fill(3);
  for (let row = 0; row < rows; row++) {
    all.set(data.subarray(row * width, (row + 1) * width), row * wide);
  }
  return { data: all, width: wide };
}
