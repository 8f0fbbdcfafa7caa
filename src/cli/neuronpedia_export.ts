import type { NeuronpediaResult } from "../inspection/neuronpedia/export.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import { DbksvdError } from "../errors.ts";
import { count, counted } from "../text.ts";
import { needed } from "./command.ts";
import { type DeviceOption, engineChoice } from "./device_option.ts";
import type { RowOptions } from "./inputs.ts";
import { foundText } from "./inspecting.ts";
import { followed, type Session } from "./session.ts";
import {
  readTokens,
  requireUnembedding,
  type UnembedFlags,
} from "./token_logits.ts";
import { inputsOrTraining } from "./training_rows.ts";

/** What `export --format neuronpedia` takes. */
export type NeuronpediaFlags = DeviceOption & RowOptions & UnembedFlags & {
  out?: string | undefined;
  overwrite?: true;
  modelName?: string | undefined;
  layer?: number | undefined;
  datasetPath?: string | undefined;
  setName: string;
  text?: string;
  tokens?: string;
  by?: AtomReading;
};

/** `export MODEL [INPUT…] --format neuronpedia --out DIR`: dashboards as SAEDashboard writes them. */
export async function exportToNeuronpedia(
  directory: string,
  inputs: readonly string[],
  flags: NeuronpediaFlags,
  session: Session,
): Promise<void> {
  const out = needed(flags.out, "--out");
  const modelName = needed(flags.modelName, "--model-name");
  const layer = needed(flags.layer, "--layer");
  const [{ exportNeuronpedia }, { loadDictionary }] = await Promise.all([
    import("../inspection/neuronpedia/export.ts"),
    import("../use/models.ts"),
  ]);
  const model = await loadDictionary(directory);
  const source = await inputsOrTraining(directory, inputs, flags, session);
  try {
    const given = flags.tokens === undefined
      ? undefined
      : await readTokens(flags.tokens);
    const unembedding = await requireUnembedding(flags, given);
    const tokens = given ?? unembedding?.tokens;
    const hints = { ids: tokens !== undefined };
    const text = flags.text ?? await foundText(source, session, hints);
    if (text === undefined) throw noTexts();
    const { overwrite, datasetPath, setName, by } = flags;
    const result = await exportNeuronpedia(model, source, {
      ...followed(session),
      ...engineChoice(flags),
      ...{ out, overwrite, modelName, layer, setName, datasetPath },
      ...{ text, tokens, by },
      ...unembedding,
    });
    session.print({ model: directory, ...result }, () => describe(result));
  } finally {
    await source.close();
  }
}

function noTexts(): DbksvdError {
  return new DbksvdError("usage", "No column holds texts", {
    mend: "name one with --text; of token ids, with --tokens tokenizer.json",
  });
}

function describe(
  { out, by, files, latents, skipped, rows, prompts }: NeuronpediaResult,
): string {
  const batches = files.filter((name) => name.startsWith("batch-")).length;
  return `Wrote ${
    counted(batches, "file")
  } in ${out}: Neuronpedia's dashboards of ${
    count(latents - skipped)
  } features by ${by}, on ${counted(rows, "row")} of ${
    counted(prompts, "text")
  }; ${count(skipped)} that nothing uses are listed as skipped`;
}
