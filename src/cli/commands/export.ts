import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { join } from "node:path";
import { DbksvdError } from "../../errors.ts";
import { exists } from "../../files/atomic.ts";
import type { RowSource } from "../../rows/source.ts";
import type { ExportResult } from "../../use/export.ts";
import {
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportNames,
  LINEAR_FORMATS,
} from "../../use/export_formats.ts";
import { describe, needed } from "../command.ts";
import { type DelphiFlags, exportToDelphi } from "../delphi_export.ts";
import {
  exportToNeuronpedia,
  type NeuronpediaFlags,
} from "../neuronpedia_export.ts";
import {
  addDeviceOption,
  type DeviceOption,
  engineChoice,
} from "../device_option.ts";
import { addRowOptions, type RowOptions } from "../inputs.ts";
import type { Io } from "../io.ts";
import { wholeNumber } from "../options.ts";
import { conduct, followed, type Session } from "../session.ts";
import { count, figure, table } from "../../text.ts";
import { inputsOrTraining } from "../training_rows.ts";

type ExportFlags =
  & DeviceOption
  & RowOptions
  & ExportNames
  & DelphiFlags
  & NeuronpediaFlags
  & {
    overwrite?: true;
    steps?: number;
    fixedAtoms?: true;
    format?: ExportFormat | "delphi" | "neuronpedia";
    out?: string;
  };

/** `export MODEL [INPUT…] --format F --out DIR`: a model for other tools. */
export function exportCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "export",
    "write a model for other tools; an autoencoder is trained from it on the inputs",
    [
      "dbksvd export dbksvd-model --format saelens-mp --out sae",
      "dbksvd export dbksvd-model rows.parquet --format saelens-topk --out sae",
      "dbksvd export dbksvd-model --format saelens-topk --out sae --fixed-atoms",
      "dbksvd export dbksvd-model --format sparsify --out sae --hook-name layers.3",
      "dbksvd export tokens-model --format delphi --out results/run --hook-name layers.6 --model-name gpt2",
      "dbksvd export tokens-model --format neuronpedia --out dashboards --model-name gpt2-small --layer 6",
      "dbksvd export dbksvd-model --format saebench --out sae --model-name gemma-2-2b --layer 12",
    ],
  )
    .argument("<model>", "a model directory")
    .argument("[input...]", "rows to train on (default: those of the training)")
    .addOption(
      new Option("--format <target>", "whose format")
        .choices([...EXPORT_FORMATS, "delphi", "neuronpedia"] as const),
    )
    .option("--out <dir>", "the directory to write")
    .option("--overwrite", "replace whatever --out names")
    .optionsGroup("Targets with an encoder (all but pursuits):")
    .option(
      "--steps <count>",
      "of its training on --device, 1024 rows each (default: 600)",
      wholeNumber(),
    )
    .option("--fixed-atoms", "train the encoder only; atoms stay as they are")
    .optionsGroup("Names for the target:")
    .option("--model-name <name>", "the language model")
    .option("--hook-name <name>", "where in it the rows were taken")
    .option("--layer <number>", "its layer", wholeNumber(0))
    .option("--context-size <count>", "tokens of a context", wholeNumber())
    .option("--dataset-path <path>", "the texts' data set")
    .option("--prepend-bos", "contexts began with the BOS token")
    .optionsGroup("What tokens use atoms by, for delphi and Neuronpedia:")
    .option("--token-ids <column>", "delphi: the column with the ids of tokens")
    .option("--text <column>", "Neuronpedia: the column with texts, or tokens")
    .option(
      "--tokens <file>",
      "Neuronpedia: tokenizer.json, or a list: what ids stand for",
    )
    .option("--set-name <name>", "Neuronpedia: the set's name", "dbksvd")
    .option(
      "--unembed <path>",
      "Neuronpedia: an unembedding, for logits (safetensors, or a checkpoint's folder)",
    )
    .addOption(
      new Option(
        "--fold-norm [form]",
        "fold the final norm's weights in; alone: as config.json beside it has it",
      ).choices(["weight", "1+weight"] as const),
    )
    .addOption(
      new Option(
        "--by <reading>",
        "what a token uses atoms by: its largest activations (the default), or its code",
      ).choices(["code", "activation"] as const),
    );
  return addDeviceOption(addRowOptions(command))
    .action((model, inputs, flags, self) =>
      conduct(io, self, (session) => exportTo(model, inputs, flags, session))
    );
}

async function exportTo(
  directory: string,
  inputs: readonly string[],
  flags: ExportFlags,
  session: Session,
): Promise<void> {
  const format = needed(flags.format, "--format");
  if (format === "delphi") {
    return await exportToDelphi(directory, inputs, flags, session);
  }
  if (format === "neuronpedia") {
    return await exportToNeuronpedia(directory, inputs, flags, session);
  }
  const out = needed(flags.out, "--out");
  const [{ exportModel }, { loadDictionary }] = await Promise.all([
    import("../../use/export.ts"),
    import("../../use/models.ts"),
  ]);
  const model = await loadDictionary(directory);
  const holdoutBy = await splitOf(directory);
  const source = await rowsFor(directory, inputs, flags, session);
  const { modelName, hookName, layer, contextSize, datasetPath } = flags;
  try {
    const result = await exportModel(model, {
      ...followed(session),
      ...engineChoice(flags),
      format,
      out,
      overwrite: flags.overwrite,
      steps: flags.steps,
      fixedAtoms: flags.fixedAtoms,
      source,
      holdoutBy,
      modelName,
      hookName,
      layer,
      contextSize,
      datasetPath,
      prependBos: flags.prependBos,
    });
    session.print(
      { model: directory, ...result },
      () => describeExport(result),
    );
  } finally {
    await source?.close();
  }
}

// What the model's own held-out rows were kept together by; undefined for a bare dictionary.
async function splitOf(directory: string): Promise<string | undefined> {
  const { loadModel, MODEL_FILES } = await import("../../model/directory.ts");
  if (!await exists(join(directory, MODEL_FILES.config))) return undefined;
  return (await loadModel(directory)).config.holdoutBy ?? "row";
}

// Formats without a linear encoder do without rows where those of the training are gone.
async function rowsFor(
  directory: string,
  inputs: readonly string[],
  flags: ExportFlags,
  session: Session,
): Promise<RowSource | undefined> {
  try {
    return await inputsOrTraining(directory, inputs, flags, session);
  } catch (error) {
    const canDoWithout = inputs.length === 0 && error instanceof DbksvdError &&
      ["data", "run"].includes(error.kind) &&
      !LINEAR_FORMATS.includes(flags.format as ExportFormat);
    if (!canDoWithout) throw error;
    session.say("warn", `Not measured: ${error.message}`);
  }
}

function describeExport(result: ExportResult): string {
  const { format, out, files, latents, encoder, lost, metrics } = result;
  const { fit, meanCosine } = result;
  const lines = [
    `Wrote ${files.join(", ")} in ${out}: ${format}, ${
      count(latents)
    } latents, ${encoder}`,
  ];
  if (meanCosine !== undefined) {
    lines.push(
      `Its decoder rows have moved from the atoms: mean |cos| ${
        figure(meanCosine)
      } (--fixed-atoms keeps them)`,
    );
  }
  if (fit !== undefined && fit.deadLatents > 0) {
    lines.push(
      `${count(fit.deadLatents)} latents are active in none of ${
        count(fit.rows)
      } rows`,
    );
  }
  if (lost.length > 0) {
    lines.push(`${format} has no place for ${lost.join(", ")}`);
  }
  if (metrics !== undefined) {
    const names = ["fvu", "explained_variance", "l0"];
    const own = format === "saebench";
    lines.push(table(
      [
        `${count(metrics.rows)} rows`,
        ...(own ? [] : ["by the target"]),
        "by dbksvd",
      ],
      names.map((name) => [
        name,
        ...(own ? [] : [figure(metrics.exported[name])]),
        figure(metrics.exact[name]),
      ]),
    ));
  }
  return lines.join("\n");
}
