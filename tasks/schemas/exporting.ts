// What export prints.
import type { DelphiResult } from "../../src/explaining/delphi/export.ts";
import type { NeuronpediaResult } from "../../src/inspection/neuronpedia/export.ts";
import type { ExportMetrics, ExportResult } from "../../src/use/export.ts";
import { EXPORT_FORMATS } from "../../src/use/export_formats.ts";
import type { AutoencoderFit } from "../../src/use/fit_autoencoder.ts";
import {
  count,
  described,
  type Document,
  either,
  flag,
  list,
  number,
  object,
  optional,
  text,
  words,
} from "./fields.ts";
import { scores } from "./metrics.ts";
import { by, model, type OfModel, ofRows, ranBy } from "./shared.ts";

// Where what was found of rows went, in another tool's layout.
const exportOf = <Format extends string>(format: Format) => ({
  model,
  out: text("The directory that was written."),
  format: words("The target.", [format]),
  by,
  files: list("Its files.", text("A file.")),
});

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

/** The documents of export. */
export const EXPORTING: readonly Document[] = [
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
];
