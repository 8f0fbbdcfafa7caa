import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { exists } from "../files/atomic.ts";
import { carriedNotice, carryLabels } from "./carry_labels.ts";
import { LABEL_FILES, lostLabelsJson, parseLabels } from "../labels/file.ts";
import { type Labels, mergeLabels } from "../labels/label.ts";
import { readDictionaryFile } from "../model/dictionary_file.ts";
import { MODEL_FILES } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import { readText } from "../files/text.ts";

/** What a new model takes over from the one whose place it takes. */
export interface Succession {
  /** The names of its atoms; `undefined` where there are none. */
  labels?: Labels | undefined;
  /** Further files for its directory: the names that were lost, behind those lost before. */
  files: Record<string, string>;
  /** Whether the names are still those that were taken over: somebody's editor knows of no lock. */
  isStill(): Promise<boolean>;
}

/**
 * The names that a model directory holds, for the model that is about to take its place. What a person wrote is never
 * given up: names without a successor, and a file that cannot be read as names, go to `labels.lost.json`.
 *
 * @param directory where the old model lies, if there is one
 * @param model the new one
 * @param names where the names lie, if not beside the old model
 * @param onNotice called with which names went along, which atoms moved, and which names were lost
 */
export async function succeedLabels(
  directory: string,
  model: DictionaryModel,
  { names = directory, onNotice }: {
    names?: string | undefined;
    onNotice?: ((notice: string) => void) | undefined;
  } = {},
): Promise<Succession> {
  const file = join(names, LABEL_FILES.labels);
  const text = await textIfThere(file);
  const isStill = async () => await textIfThere(file) === text;
  const lostBefore = await textIfThere(join(names, LABEL_FILES.lost));
  const files: Record<string, string> = {};
  if (lostBefore !== undefined) files[LABEL_FILES.lost] = lostBefore;
  if (text === undefined) return { labels: model.labels, files, isStill };
  const before = await namesAndAtoms(directory, text);
  if (before === undefined) {
    onNotice?.(
      `Labels: those in ${names} cannot be matched to atoms; their text is kept in ${LABEL_FILES.lost}`,
    );
    files[LABEL_FILES.lost] = lostLabelsJson(lostBefore, [{ text }]);
    return { labels: model.labels, files, isStill };
  }
  const carried = await carryLabels(before.labels, before.model, model);
  const notice = carriedNotice(carried, LABEL_FILES.lost);
  if (notice !== undefined) onNotice?.(notice);
  if (carried.lost.length > 0) {
    files[LABEL_FILES.lost] = lostLabelsJson(lostBefore, carried.lost);
  }
  const labels = mergeLabels(model.labels ?? {}, carried.labels);
  return { labels, files, isStill };
}

// Undefined where the dictionary or the names are damaged.
async function namesAndAtoms(directory: string, text: string) {
  try {
    const model = await readDictionaryFile(
      join(directory, MODEL_FILES.dictionary),
    );
    return { model, labels: parseLabels(text, model, directory) };
  } catch (error) {
    if (error instanceof DbksvdError) return undefined;
    throw error;
  }
}

async function textIfThere(path: string): Promise<string | undefined> {
  return await exists(path) ? await readText(path) : undefined;
}
