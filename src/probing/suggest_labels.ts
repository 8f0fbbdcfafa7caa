import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import type { Labels } from "../labels/label.ts";
import type { LatentClass } from "../metrics/probe_result.ts";
import { modelPlace } from "../use/labels.ts";
import type { NamedDictionary } from "../use/named_dictionary.ts";
import { labelsFrom, type SuggestedLabel, suggestLabels } from "./suggest.ts";

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
 * where that is wanted, gives them to its atoms, as {@linkcode NamedDictionary.add} does.
 *
 * @param named the model that was probed
 * @param fits the class that each latent tells best (`ProbeResult.atoms`)
 * @param write whether to name the atoms
 * @throws {DbksvdError} `run` where a file cannot be written, or the model was trained anew meanwhile
 */
export async function suggestNames(
  named: NamedDictionary,
  fits: readonly LatentClass[],
  write: boolean,
): Promise<SuggestedNames> {
  const { directory, place } = named;
  if (!await named.isThere()) {
    throw new DbksvdError("run", "The model was trained anew meanwhile", {
      where: { file: directory },
      mend: "probe it again",
    });
  }
  const suggested = suggestLabels(fits);
  const isLinked = await modelPlace(directory) === place;
  const file = join(isLinked ? directory : place, SUGGESTED_FILE);
  const text = `${JSON.stringify(suggested, null, 2)}\n`;
  await writeFileAtomically(file, [new TextEncoder().encode(text)]);
  if (!write) return { suggested, file };
  const labels = await named.add(labelsFrom(suggested));
  return { suggested, file, labels };
}
