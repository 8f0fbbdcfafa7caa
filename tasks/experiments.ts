// Runs the experiments that the defaults rest on, prints their tables and writes tasks/experiments/RESULTS.md.
//   deno task experiments            the small tier: minutes
//   deno task experiments --full     all seeds, trials and sizes: an hour or two
//   deno task experiments --only=disentangling [--sets=words,planted,tokens] [--seeds=3] [--parts=DIRECTORY]
//     probing beside FVU: hours; its labels and activations come from `deno task experiments:data`; what is measured of
//     a set and seed is kept in the directory of --parts, so that the next run goes on from there;
//     --settings="default;TopK SAE" for some of it, --absorption for more of it
//   deno task experiments --only=dial [--sets=…] [--seeds=3] [--atoms=2048] [--parts=DIRECTORY] [--settings=…]
//     what --for probing is chosen from, on the same data; above 1024 atoms the size of the first group
//   deno task experiments --only=exports [--sets=…] [--seeds=3] [--atoms=1024] [--kinds=TopK,JumpReLU]
//     exports beside autoencoders from random rows: an hour
//   deno task experiments --only=readings [--sets=…] [--seeds=3]
//     top rows by code and by activation, on the same data: minutes
//   deno task experiments --only=sharing [--sets=…] [--seeds=3]
//     k nonzeros a row beside rows that share them, on the same data: ten minutes
//   deno task experiments --only=words --words FILE    100 000 word vectors, made by tasks/make_sample.ts: hours
//   deno task experiments --only=sentences --sentences FILE    embeddings of sentences: hours
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  DATA_SETS,
  outcomeOf,
  VARIANTS,
} from "./experiments/generalisation.ts";
import { dial, disentangling } from "./experiments/disentangling.ts";
import { exported } from "./experiments/exports.ts";
import {
  CLASSIC_WAYS,
  classicProblem,
  plain,
  recovered,
  toyProblem,
} from "./experiments/recovery.ts";
import { readings } from "./experiments/readings.ts";
import { refinement } from "./experiments/refinement.ts";
import {
  markdownTable,
  type Report,
  writeReport,
} from "./experiments/report.ts";
import { robustness } from "./experiments/robustness.ts";
import { sharing } from "./experiments/sharing.ts";
import { sentenceEmbeddings, wordVectors } from "./experiments/words.ts";

interface Tier {
  name: string;
  seeds: number;
  variants: string[];
  trials: number;
  toy: { width: number; atoms: number; rows: number; sparsity: number };
  toyPasses: number;
}

const SMALL: Tier = {
  name: "small",
  seeds: 3,
  variants: [
    "defaults",
    "no ridge",
    "the paper's",
    "no memory",
    "full sparsity from the start",
  ],
  trials: 5,
  toy: { width: 64, atoms: 128, rows: 4096, sparsity: 5 },
  toyPasses: 60,
};

const FULL: Tier = {
  name: "full",
  seeds: 3,
  variants: Object.keys(VARIANTS),
  trials: 20,
  toy: { width: 256, atoms: 1024, rows: 16_384, sparsity: 20 },
  toyPasses: 100,
};

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string" },
    words: { type: "string" },
    sets: { type: "string", default: "words,planted,tokens" },
    seeds: { type: "string" },
    parts: { type: "string" },
    settings: { type: "string" },
    absorption: { type: "boolean", default: false },
    atoms: { type: "string" },
    kinds: { type: "string" },
    sentences: { type: "string" },
  },
});
const tier = values.full ? FULL : SMALL;
const sections: Record<string, () => Promise<Report>> = {
  generalisation,
  refinement: () => refinement(tier.seeds),
  robustness: () => robustness(tier.seeds),
  recovery,
  toy,
};
const { words, sentences } = values;
if (words) sections.words = () => wordVectors(words);
if (sentences) sections.sentences = () => sentenceEmbeddings(sentences);
const chosen = values.only?.split(",") ?? Object.keys(sections);
// Only where they are asked for: they need what another task makes.
const labelled = {
  seeds: Number(values.seeds ?? tier.seeds),
  directory: fileURLToPath(new URL("../.cache/disentangling", import.meta.url)),
  names: values.sets.split(","),
  parts: values.parts,
  settings: values.settings?.split(";"),
  absorption: values.absorption,
  atoms: values.atoms === undefined ? undefined : Number(values.atoms),
};
const { seeds, directory, names, atoms } = labelled;
sections.disentangling = () => disentangling(labelled);
sections.dial = () => dial(labelled);
sections.exports = () =>
  exported(seeds, directory, names, {
    atoms,
    kinds: values.kinds?.split(","),
  });
sections.readings = () => readings(seeds, directory, names);
sections.sharing = () => sharing(seeds, directory, names);
const missing = chosen.find((name) => !(name in sections));
if (missing !== undefined) {
  console.error(
    `No experiment "${missing}": there are ${
      Object.keys(sections).join(", ")
    }; words and sentences with --words FILE and --sentences FILE`,
  );
  Deno.exit(2);
}
const reports: Report[] = [];
for (const name of chosen) {
  const report = await sections[name]();
  console.log(`\n${report.title}\n\n${report.body}`);
  reports.push(report);
}
await writeReport(reports, tier.name);

async function generalisation(): Promise<Report> {
  const rows: string[][] = [];
  const report = () => ({
    title: "Generalisation",
    body: [
      `Held-out FVU by OMP at exactly k; in brackets the FVU of as many training rows, and the least uses of any atom over the last pass. Means over ${tier.seeds} seeds (which choose held-out rows, first atoms and, but for the sample, the data); 10 passes unless said otherwise.`,
      markdownTable(["", ...DATA_SETS.map(({ name }) => name)], rows),
    ].join("\n\n"),
  });
  for (const variant of tier.variants) {
    const cells = [variant];
    for (const set of DATA_SETS) {
      const { heldOut, training, leastUses } = await outcomeOf(
        set,
        VARIANTS[variant](set),
        tier.seeds,
      );
      cells.push(
        `${heldOut.toFixed(4)} (${training.toFixed(4)}; ${leastUses})`,
      );
    }
    console.error(cells.join(" | "));
    rows.push(cells);
    // Hours of work are kept as they come.
    await writeReport([report()], tier.name);
  }
  return report();
}

async function recovery(): Promise<Report> {
  const levels = [10, 20, 30, Infinity];
  const rows: string[][] = [];
  for (const [way, options] of Object.entries(CLASSIC_WAYS)) {
    const cells = [way];
    for (const decibels of levels) {
      let found = 0;
      for (let trial = 0; trial < tier.trials; trial++) {
        const problem = classicProblem(decibels, trial);
        found += await recovered(problem, { ...options, seed: trial });
      }
      cells.push((found / tier.trials).toFixed(2));
    }
    console.error(cells.join(" | "));
    rows.push(cells);
  }
  return {
    title: "Classic recovery",
    body: [
      `Atoms found of 50 (n = 20, N = 1500, k = 3, 80 passes; Aharon et al. 2006): means over ${tier.trials} trials.`,
      markdownTable(["", "10 dB", "20 dB", "30 dB", "no noise"], rows),
    ].join("\n\n"),
  };
}

async function toy(): Promise<Report> {
  const { width, atoms, rows, sparsity } = tier.toy;
  const problem = toyProblem(tier.toy, 0);
  const cells: string[][] = [];
  const ways = {
    "plain, one batch": plain(atoms, sparsity, tier.toyPasses),
    "defaults": { atoms, sparsity, passes: tier.toyPasses },
    "defaults without ridge": {
      atoms,
      sparsity,
      passes: tier.toyPasses,
      ridge: 0,
    },
  };
  for (const [way, options] of Object.entries(ways)) {
    const found = await recovered(problem, options);
    cells.push([way, `${(100 * found / atoms).toFixed(1)} %`]);
    console.error(cells[cells.length - 1].join(" | "));
  }
  return {
    title: "KSVD.jl's toy problem",
    body: [
      `n = ${width}, m = ${atoms}, N = ${rows}, k = ${sparsity}, codes 1 + U(0, 1), noise 0.05, data initialisation, ${tier.toyPasses} passes: atoms recovered.`,
      markdownTable(["", "recovered"], cells),
    ].join("\n\n"),
  };
}
