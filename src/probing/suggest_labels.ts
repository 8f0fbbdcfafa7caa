import { join } from "node:path";
import { writeFileAtomically } from "../files/atomic.ts";
import { type Labels, mergeLabels } from "../labels/label.ts";
import { loadModel } from "../model/directory.ts";
import { changeNames, modelPlace } from "../use/labels.ts";
import { labelsFrom, type SuggestedLabel, suggestLabels } from "./suggest.ts";
import type { LatentClass } from "../metrics/probe_result.ts";

/** The file of suggested names in a model directory. */
export const SUGGESTED_FILE = "labels.suggested.json";

/** What {@linkcode suggestNames} did. */
export interface SuggestedNames {
  /** Names by atom, with what speaks for them. */
  suggested: Record<string, SuggestedLabel[]>;
  /** The file that holds them. */
  file: string;
  /** All names of the model after it, where they were to be written. */
  labels?: Labels;
}

/**
 * Writes the names that a probe suggests for a model's atoms into its directory, as `labels.suggested.json`; and,
 * where that is wanted, into its `labels.json`: names that a person gave stay.
 *
 * @param directory a model directory
 * @param fits the class that each latent tells best (`ProbeResult.atoms`), of this model
 * @param write whether to name the atoms
 * @throws {DbksvdError} `run` where a file cannot be written, `data` where the directory is no model's
 */
export async function suggestNames(
  directory: string,
  fits: readonly LatentClass[],
  write: boolean,
): Promise<SuggestedNames> {
  const place = await modelPlace(directory);
  const { model } = await loadModel(place);
  const suggested = suggestLabels(fits);
  const file = join(directory, SUGGESTED_FILE);
  const text = `${JSON.stringify(suggested, null, 2)}\n`;
  await writeFileAtomically(file, [new TextEncoder().encode(text)]);
  if (!write) return { suggested, file };
  const labels = await changeNames(
    directory,
    model,
    (present) => mergeLabels(present, labelsFrom(suggested)),
    place,
  );
  return { suggested, file, labels };
}
