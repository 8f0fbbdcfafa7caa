// What the commands that learn dictionaries print, and what makes rows with a known one.
import type { DryRun } from "../../src/use/dry_run.ts";
import type {
  SweepEntry,
  SweepResult,
} from "../../src/metrics/sweep_result.ts";
import type { SynthesizeResult } from "../../src/use/synthesize.ts";
import type { TrainSummary } from "../../src/use/train_directory.ts";
import {
  amount,
  count,
  described,
  type Document,
  either,
  type Fields,
  figure,
  flag,
  list,
  map,
  object,
  optional,
  text,
  words,
} from "./fields.ts";
import { config } from "./config.ts";
import { scores } from "./metrics.ts";
import { bytes, device, model, ofRows, out, rows, seconds } from "./shared.ts";

const summary = ofRows<TrainSummary>({
  model,
  coder: text("How its codes are found, in words."),
  device,
  rows: count("Rows trained on."),
  heldOut: optional(described("On rows never trained on.", scores)),
  passes: count("Passes over the training rows."),
  seconds,
  config,
  resumedAt: optional(count("The iteration that the run went on from.")),
  finishedBefore: optional(
    flag("The run was finished already, and nothing was done."),
  ),
}, "A training.");

const lines = list("The same in words.", text("A line."));

const dryRun = ofRows<DryRun>({
  width: count("Dimensions of a row."),
  rows: count("Training rows, before filters drop any."),
  heldOut: object<DryRun["heldOut"]>({ rows: count("Rows held out.") }),
  passes: count("Passes over the training rows."),
  sampleBatch: count("Rows of the largest sample batch."),
  iterations: count("Sample batches of all passes."),
  estimatedSeconds: amount(
    "About how long the passes would take on this machine.",
  ),
  decoder: optional(object<NonNullable<DryRun["decoder"]>>({
    steps: count("Steps of 1024 rows."),
    kind: words("The kind of what would train.", ["gpu", "cpu"]),
    memoryBytes: count(
      "What it would take where it is trained, with its rows.",
    ),
    estimatedSeconds: amount("About how long it would be on this machine."),
    problem: optional(
      text("Why the GPU that would make the passes would not train."),
    ),
  }, "What the training of the atoms as a decoder would take.")),
  cpu: optional(object<NonNullable<DryRun["cpu"]>>({
    threads: count("Threads that would work."),
    memoryBytes: count("What the engine would take."),
    heldRowsBytes: count("What rows held between passes would take."),
    lines,
  }, "What the CPU engine would take.")),
  gpu: optional(object<NonNullable<DryRun["gpu"]>>({
    adapter: text("The adapter's name."),
    neededBytes: count("Memory that would be taken."),
    availableBytes: count("Memory that may be taken."),
    lines,
  }, "What the GPU engine would take.")),
  problem: optional(
    text("Why the GPU that is there would leave it to the processor."),
  ),
}, "What a training would do and take: `--dry-run`.");

const sweepEntry = object<SweepEntry>({
  column: optional(text("The column, where there are several.")),
  atoms: count("m."),
  sparsity: count("k."),
  options: optional({
    json: {
      description: "What it was given of the other options that vary.",
      type: "object",
    },
  }),
  fvu: figure("Held-out FVU."),
  trainingFvu: figure("FVU on as many training rows."),
  l0: figure("Mean nonzeros of a held-out row."),
  deadAtoms: count("Atoms that no held-out row used."),
  denseAtoms: count("Atoms that over a tenth of the training rows used."),
  accuracy: optional(map(
    "What probes with so many latents tell of classes.",
    figure("Mean balanced accuracy on held-out rows."),
  )),
  front: flag("Whether no other training is better all round."),
  model: optional(text("Its model directory.")),
  seconds,
});

const SWEEP: Fields<SweepResult> = {
  rows: count("Rows read, held-out ones among them."),
  runs: list("Every combination.", sweepEntry),
  device,
  seconds,
};

/** The documents of train, sweep and synthesize. */
export const LEARNING: readonly Document[] = [
  {
    name: "train",
    title: "dbksvd train --json",
    field: either(summary, dryRun),
  },
  {
    name: "sweep",
    title: "dbksvd sweep --json",
    field: ofRows<SweepResult & { out: string }>({
      ...SWEEP,
      out: text("The directory of the models, the table and the page."),
    }),
  },
  {
    name: "sweep-table",
    title: "sweep.json of a sweep's directory",
    field: object(SWEEP),
  },
  {
    name: "synthesize",
    title: "dbksvd synthesize --json",
    field: object<SynthesizeResult>({
      out,
      truth: text("The file of the true dictionary."),
      rows,
      bytes,
      seconds,
    }),
  },
];
