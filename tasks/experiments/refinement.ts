import { cpuUsage } from "node:process";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { codingSpec } from "../../src/coding/spec.ts";
import { withCoder } from "../../src/use/coder_changes.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";
import { DATA_SETS, type DataSet } from "./generalisation.ts";
import { markdownTable, type Report } from "./report.ts";

/** The share of the rows that training holds out by default. */
const HOLDOUT = 0.1;

/** A coding's time is the best of so many. */
const RUNS = 5;

/** How dictionaries are trained, and the swap passes that they are measured with. */
const WAYS: readonly {
  name: string;
  options: Partial<TrainOptions>;
  passes: readonly number[];
}[] = [
  { name: "trained by plain OMP", options: {}, passes: [0, 1, 2, 3] },
  {
    name: "trained with one pass",
    options: { refine: 1 },
    passes: [0, 1, 2],
  },
  {
    name: "trained with two passes",
    options: { refine: 2 },
    passes: [0, 2],
  },
  {
    name: "non-negative, trained by plain OMP",
    options: { nonnegative: true },
    passes: [0, 2],
  },
];

interface Coded {
  fvu: number;
  /** Processor seconds that coding a thousand rows takes. */
  seconds: number;
}

/**
 * Held-out FVU with and without swap passes, what they take of time, and whether training with them pays.
 *
 * @param seeds trainings of each dictionary
 */
export async function refinement(seeds: number): Promise<Report> {
  const rows: string[][] = [];
  for (const way of WAYS) {
    const cells = way.passes.map((passes) => [
      `${way.name}, coded with ${passes}`,
    ]);
    for (const set of DATA_SETS) {
      const { coded, training } = await measureWay(set, way, seeds);
      coded.forEach(({ fvu, seconds }, i) => {
        const spent = i === 0 ? `; ${training.toFixed(1)}` : "";
        cells[i].push(`${fvu.toFixed(4)} (${seconds.toFixed(3)}${spent})`);
      });
    }
    for (const row of cells) console.error(row.join(" | "));
    rows.push(...cells);
  }
  return {
    title: "Refined encoding",
    body: [
      `Held-out FVU at k nonzeros, means over ${seeds} seeds, by the number of swap passes after OMP (--refine) in training and in coding; in brackets the processor seconds that coding 1000 rows takes (Gram and correlations included) and, on the first row of a training, those of the whole training, on the machine at hand: compare within a column.`,
      markdownTable(["", ...DATA_SETS.map(({ name }) => name)], rows),
    ].join("\n\n"),
  };
}

async function measureWay(
  set: DataSet,
  { options, passes }: typeof WAYS[number],
  seeds: number,
): Promise<{ coded: Coded[]; training: number }> {
  const coded = passes.map(() => ({ fvu: 0, seconds: 0 }));
  let training = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const source = await set.open(seed);
    const spent = stopwatch();
    const { model } = await train(
      source,
      { ...set.options, ...options, holdout: HOLDOUT, seed },
      { createEngine: createReferenceEngine },
    );
    training += spent() / seeds;
    for (const [i, count] of passes.entries()) {
      const refined = withCoder(model, { refine: count });
      const one = await code(refined, source, seed);
      coded[i].fvu += one.fvu / seeds;
      coded[i].seconds += one.seconds / seeds;
    }
    await source.close();
  }
  return { coded, training };
}

async function code(
  model: DictionaryModel,
  source: RowSource,
  seed: number,
): Promise<Coded> {
  const only = chooseHeldOut(source.rowCount, HOLDOUT, seed)!;
  const { metrics } = await evaluate(model, source, {
    rows: { only },
    createEngine: createReferenceEngine,
  });
  const engine = await createReferenceEngine(codingSpec(model, only.size));
  await engine.loadDictionary(model.dictionary);
  let seconds = Infinity;
  for await (const { data, rows } of source.batches(only.size, { only })) {
    for (let run = 0; run < RUNS; run++) {
      const spent = stopwatch();
      await engine.encode({ data, rows });
      seconds = Math.min(seconds, 1000 * spent() / rows);
    }
  }
  await engine.close();
  return { fvu: metrics.fvu, seconds };
}

// Processor time of all threads: what a busy machine leaves comparable.
function stopwatch(): () => number {
  const start = cpuUsage();
  return () => {
    const { user, system } = cpuUsage(start);
    return (user + system) / 1e6;
  };
}
