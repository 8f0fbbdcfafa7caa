import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import {
  LABEL_FILES,
  lockLabels,
  parseLabels,
  writeLabels,
} from "../labels/file.ts";
import { loadModel } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import { succeedLabels } from "../use/carried_labels.ts";
import { type PipelinePlaces, versionFolder } from "./places.ts";

/**
 * The names that a candidate's atoms get: those of the current version's, in the pipeline's own `labels.json`, each
 * taken along to the atom that came of its own. Nothing is written.
 *
 * @param places the pipeline
 * @param current the version whose atoms are named
 * @param model the candidate
 */
export async function namesFor(
  places: PipelinePlaces,
  current: string | undefined,
  model: DictionaryModel,
): Promise<DictionaryModel["labels"]> {
  if (current === undefined) return model.labels;
  const names = await namesFolder(places, current);
  const { labels } = await succeedLabels(
    versionFolder(places, current),
    model,
    { names },
  );
  return labels;
}

/**
 * Keeps the names of a version that becomes current, and of the one before it, from being changed.
 *
 * @param places the pipeline
 * @param to the version that becomes current, or is
 * @param from the version that was current before
 */
export async function lockNames(
  places: PipelinePlaces,
  to: string,
  from: string | undefined,
): Promise<Disposable> {
  const locks = new DisposableStack();
  for (const version of new Set([from ?? to, to])) {
    locks.use(await lockLabels(versionFolder(places, version)));
  }
  return locks;
}

/**
 * Lets the pipeline's names follow when another version becomes current: `labels.json` in the root then names that
 * version's atoms, the version gets a copy, and names without a successor go to `labels.lost.json` in the root. Done
 * again after a crash, it comes to the same. The caller holds the names' lock
 * ({@linkcode lockNames}).
 *
 * @param places the pipeline
 * @param to the version that becomes current, or is
 * @param from the version that was current before
 * @param onNotice called with which names went along, which atoms moved, and which names were lost
 */
export async function followNames(
  places: PipelinePlaces,
  to: string,
  from: string | undefined,
  onNotice?: ((notice: string) => void) | undefined,
): Promise<void> {
  const folder = versionFolder(places, to);
  const { root } = places;
  if (from === undefined || from === to) {
    return await copyNames(root, folder, onNotice);
  }
  const names = await namesFolder(places, from);
  const present = await textIn(names);
  if (present === undefined) return;
  if (names === root && present === await textIn(folder)) return;
  const { model } = await loadModel(folder);
  const { labels, files } = await succeedLabels(
    versionFolder(places, from),
    model,
    { names, onNotice },
  );
  // Somebody's editor knows of no lock: what it wrote meanwhile is taken along as well.
  if (await textIn(names) !== present) {
    return await followNames(places, to, from, onNotice);
  }
  for (const [name, text] of Object.entries(files)) {
    const bytes = new TextEncoder().encode(text);
    await writeFileAtomically(join(root, name), [bytes]);
  }
  await writeLabels(folder, labels ?? {});
  await writeLabels(root, labels ?? {});
}

// Names were changed in the root: the version's copy follows, where they are names of its atoms.
async function copyNames(
  root: string,
  folder: string,
  onNotice?: ((notice: string) => void) | undefined,
): Promise<void> {
  const text = await textIn(root);
  if (text === undefined || text === await textIn(folder)) return;
  const { model } = await loadModel(folder);
  try {
    const file = join(root, LABEL_FILES.labels);
    await writeLabels(folder, parseLabels(text, model, file));
  } catch (error) {
    // A slip of the pen must not stop a night's work; the file stays as it is.
    if (!(error instanceof DbksvdError) || error.kind !== "data") throw error;
    onNotice?.(`Labels: ${error.message}; versions keep the names they had`);
  }
}

// The root's names; those of a version, where the root has none yet, as before version 0.2.
async function namesFolder(
  places: PipelinePlaces,
  version: string,
): Promise<string> {
  return await textIn(places.root) === undefined
    ? versionFolder(places, version)
    : places.root;
}

async function textIn(folder: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(join(folder, LABEL_FILES.labels));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
