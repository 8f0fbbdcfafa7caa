// What the commands that learn and use dictionaries print.
import type { DelphiResult } from "../../src/explaining/delphi/export.ts";
import type { DryRun } from "../../src/use/dry_run.ts";
import type { Comparison } from "../../src/use/compare.ts";
import type { DecodeResult } from "../../src/use/decode.ts";
import type { EncodeResult } from "../../src/use/encode.ts";
import type { DetailedEvaluation } from "../../src/use/evaluate.ts";
import type { NeuronpediaResult } from "../../src/inspection/neuronpedia/export.ts";
import type { ExportMetrics, ExportResult } from "../../src/use/export.ts";
import { EXPORT_FORMATS } from "../../src/use/export_formats.ts";
import type { AutoencoderFit } from "../../src/use/fit_autoencoder.ts";
import type { SteerResult } from "../../src/use/steer.ts";
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
  type Field,
  type Fields,
  figure,
  flag,
  list,
  map,
  number,
  object,
  optional,
  sign,
  text,
  words,
} from "./fields.ts";
import { config } from "./config.ts";
import { matching, metrics, scores, spread } from "./metrics.ts";
import {
  by,
  device,
  model,
  ofRows,
  ranBy,
  UNUSED,
  type Unused,
} from "./shared.ts";

/** Of the model directory that a command was given. */
interface OfModel {
  model: string;
}

// Where what was found of rows went, in another tool's layout.
const exportOf = <Format extends string>(format: Format) => ({
  model,
  out: text("The directory that was written."),
  format: words("The target.", [format]),
  by,
  files: list("Its files.", text("A file.")),
});

const seconds = amount("How long it took.");
const out = text("The file that was written.");
const bytes = count("Its size.");
const rows = count("Rows in it.");

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
  estimatedSeconds: optional(
    amount("About how long the passes would take on this machine."),
  ),
  decoder: optional(object<NonNullable<DryRun["decoder"]>>({
    steps: count("Steps of 1024 rows."),
    memoryBytes: count(
      "What it would take where it is trained, with its rows.",
    ),
    estimatedSeconds: amount("About how long it would be on this machine."),
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
  problem: optional(text("Why a GPU would not do it.")),
}, "What a training would do and take: `--dry-run`.");

const MEASURED: Fields<
  Pick<DetailedEvaluation, "model" | "rows" | "coder" | "metrics">
> = {
  model: text("The model, as it was given."),
  rows: count("Rows measured."),
  coder: text("How its codes are found, in words."),
  metrics,
};

const atomPair = object<Comparison["pairs"][number]>({
  a: count("The atom of the first."),
  b: count("The atom of the second."),
  similarity: number("⟨d_a, d_b⟩."),
  labelA: optional(text("The first one's name.")),
  labelB: optional(text("The second one's name.")),
});

const share = figure("The share of the larger dictionary's atoms.");

const comparison: Field = object<{ a: string; b: string } & Comparison>({
  a: text("The first model, as it was given."),
  b: text("The second."),
  atoms: object<Comparison["atoms"]>({
    a: count("Atoms of the first."),
    b: count("Atoms of the second."),
  }),
  matching: matching(),
  mmcs: figure("Mean |⟨d_a, d_b⟩| of matched pairs."),
  shares: object<Comparison["shares"]>({
    "0.5": share,
    "0.7": share,
    "0.9": share,
    "0.99": share,
  }, "The share of atoms matched at least so well."),
  similarities: spread("|⟨d_a, d_b⟩| of matched pairs."),
  pairs: list(
    "Matched pairs, the most alike first; --limit of them.",
    atomPair,
  ),
});

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

const fit = object<AutoencoderFit>({
  rows: count("Rows that it learned from."),
  steps: count("Steps of Adam."),
  stepRows: count("Rows of a step."),
  fixedAtoms: flag("Whether only the encoder learned."),
  device: object<AutoencoderFit["device"]>(ranBy, "What did the work."),
  deadLatents: count("Latents that no row made active in the end."),
  helpedLatents: count(
    "Latents that were active in no row for long, or in none at the end, and began again.",
  ),
}, "How its encoder was trained.");

const exported = object<ExportMetrics>({
  rows: count("Rows measured."),
  exported: described("By the target's own encoder.", scores),
  exact: described("By this tool's coder.", scores),
}, "What the export does to rows it was not fitted to.");

type Steered = SteerResult["atoms"][number];

/** The documents of the commands that learn and use dictionaries. */
export const USING: readonly Document[] = [
  {
    name: "train",
    title: "dbksvd train --json",
    field: either(summary, dryRun),
  },
  {
    name: "encode",
    title: "dbksvd encode --json",
    field: ofRows<OfModel & EncodeResult>({
      model,
      out: text("The file, or with --mpi the folder, that was written."),
      rows: count("Rows coded."),
      bytes,
      seconds,
      by: words("What the file holds.", ["code", "activation"]),
      coder: text("How that was found, in words."),
      device,
    }),
  },
  {
    name: "evaluate",
    title: "dbksvd evaluate --json",
    field: either(
      ofRows(MEASURED, "One model."),
      object<{ models: unknown[] } & Unused>({
        models: list("The models, in order.", object(MEASURED)),
        ...UNUSED,
      }, "Several models."),
    ),
  },
  {
    name: "decode",
    title: "dbksvd decode --json",
    field: object<OfModel & DecodeResult>({
      model,
      out,
      rows,
      rowsUnchanged: optional(
        count("Vectors of --like's file that there are no codes of."),
      ),
      bytes,
      seconds,
    }),
  },
  { name: "compare", title: "dbksvd compare --json", field: comparison },
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
    name: "export",
    title: "dbksvd export --json",
    field: either(
      ofRows<OfModel & ExportResult>({
        model,
        out: text("The directory that was written."),
        format: words("The target.", EXPORT_FORMATS),
        files: list("Its files.", text("A file.")),
        latents: count("Latents of the target."),
        encoder: text("What its encoder is, in words."),
        lost: list("What the target has no place for.", text("In words.")),
        metrics: optional(exported),
        fit: optional(fit),
        meanCosine: optional(
          number("Mean |cos| of latents to the atoms that they began as."),
        ),
      }, "A model."),
      ofRows<OfModel & DelphiResult>({
        ...exportOf("delphi"),
        latents: count("Latents: the negative ones behind the positive ones."),
        contexts: count("Contexts."),
        contextSize: count("Tokens of a context."),
        activations: count("Values that were written."),
        leftTokens: count("Tokens that no context has."),
      }, "delphi's cache of activations."),
      ofRows<OfModel & NeuronpediaResult>({
        ...exportOf("neuronpedia"),
        latents: count("Features: the negative ones behind the positive ones."),
        skipped: count("Features that no row uses."),
        prompts: count("Texts."),
        rows: count("Rows: tokens, or texts."),
      }, "Neuronpedia's dashboards."),
    ),
  },
  {
    name: "steer",
    title: "dbksvd steer --json",
    field: ofRows<OfModel & SteerResult>({
      model,
      out,
      width: count("Dimensions of the vector."),
      length: number("Its length, in raw units."),
      atoms: list(
        "The atoms that it steers towards.",
        object<Steered>({
          atom: count("Its index."),
          sign: sign("The sign of its codes."),
          weight: number("Its weight."),
          label: optional(text("Its name.")),
          activation: number("How strongly it is activated, in raw units."),
          uses: count("Rows that use it with that sign."),
        }),
      ),
    }),
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
