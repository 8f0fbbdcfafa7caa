import type { DelphiResult } from "../explaining/delphi/export.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import { count, counted } from "../text.ts";
import { needed } from "./command.ts";
import { type DeviceOption, engineChoice } from "./device_option.ts";
import type { RowOptions } from "./inputs.ts";
import { followed, type Session } from "./session.ts";
import { inputsOrTraining } from "./training_rows.ts";

/** What `export --format delphi` takes. */
export type DelphiFlags = DeviceOption & RowOptions & {
  out?: string | undefined;
  overwrite?: true;
  hookName?: string | undefined;
  modelName?: string | undefined;
  contextSize?: number | undefined;
  datasetPath?: string | undefined;
  tokenIds?: string;
  by?: AtomReading;
};

/** `export MODEL [INPUT…] --format delphi --out DIR`: what tokens use atoms by, for delphi's pipeline. */
export async function exportToDelphi(
  directory: string,
  inputs: readonly string[],
  flags: DelphiFlags,
  session: Session,
): Promise<void> {
  const out = needed(flags.out, "--out");
  const hookName = needed(flags.hookName, "--hook-name");
  const modelName = needed(flags.modelName, "--model-name");
  const [{ exportDelphi }, { loadDictionary }] = await Promise.all([
    import("../explaining/delphi/export.ts"),
    import("../use/models.ts"),
  ]);
  const model = await loadDictionary(directory);
  const source = await inputsOrTraining(directory, inputs, flags, session);
  try {
    const { overwrite, contextSize, datasetPath, tokenIds, by } = flags;
    const result = await exportDelphi(model, source, {
      ...followed(session),
      ...engineChoice(flags),
      ...{ out, overwrite, hookName, modelName, contextSize, datasetPath },
      ...{ tokenIds, by },
    });
    session.print({ model: directory, ...result }, () => describe(result));
  } finally {
    await source.close();
  }
}

function describe(
  { out, by, latents, contexts, contextSize, activations, leftTokens }:
    DelphiResult,
): string {
  const left = leftTokens === 0
    ? ""
    : `; ${
      counted(leftTokens, "token")
    } behind the last whole context of a text left out`;
  return `Wrote latents/ in ${out}: delphi's cache, ${
    count(latents)
  } latents by ${by}, ${counted(activations, "value")} on ${
    count(contexts)
  } contexts of ${count(contextSize)} tokens${left}`;
}
