import { dirname, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import { readText } from "../files/text.ts";
import {
  LABEL_FILES,
  lockLabels,
  type LostLabel,
  lostLabelsJson,
  parseLabels,
  writeLabels,
} from "../labels/file.ts";
import {
  inOrder,
  type LabelEntry,
  labelProblem,
  type Labels,
  mergeLabels,
} from "../labels/label.ts";
import { loadModel } from "../model/directory.ts";

/**
 * Names atoms of a model by hand: merges labels into its directory's `labels.json`. They appear in inspections, travel
 * with exports, and go along with their atoms when the model is trained again.
 *
 * @param directory a model directory
 * @param labels names by atom index; an empty name takes an atom's labels away
 * @returns all labels, after the change
 * @throws {DbksvdError} `usage` where there is no such atom, or a name is too long or has control characters
 */
export async function labelAtoms(
  directory: string,
  labels: Readonly<Record<string, string>>,
): Promise<Labels> {
  // Atoms are those of the version that a link leads to now.
  const place = await modelPlace(directory);
  const { model } = await loadModel(place);
  return await changeNames(
    directory,
    model,
    (present) => namedByHand(present, labels, model.atoms),
    place,
  );
}

/**
 * Changes names of a model's atoms as they are by now; of several that change them at a time none undoes another's.
 * Those of a pipeline's current version become the pipeline's own, which later versions take over.
 *
 * @param directory a model directory
 * @param model its dictionary
 * @param change gives all names after the change
 * @param place where the dictionary was loaded from, where `directory` is a link ({@linkcode modelPlace})
 * @returns these
 * @throws {DbksvdError} `data` where `labels.json` is damaged, `run` where it cannot be written or the link leads to
 * another version by now
 */
export async function changeNames(
  directory: string,
  model: { atoms: number },
  change: (present: Labels) => Labels,
  place: string = directory,
): Promise<Labels> {
  using folder = await lockLabels(place);
  const leads = await modelPlace(directory) === await modelPlace(place);
  if (!leads || !await liesAt(folder, place)) {
    throw new DbksvdError("run", "Another version became current meanwhile", {
      where: { file: directory },
      mend: "name the atoms of the one that is current now",
    });
  }
  const labels = change(await namesIn(place, model));
  await writeLabels(place, labels);
  const root = await pipelineOf(place);
  if (root !== undefined) await writeLabels(root, labels);
  return labels;
}

// Whether a folder that was waited for is still the one of its name, and not one that took its place.
async function liesAt(
  folder: Deno.FsFile | undefined,
  place: string,
): Promise<boolean> {
  const [held, there] = await Promise.all([
    folder?.stat(),
    Deno.stat(place).catch(() => undefined),
  ]);
  return held === undefined ||
    held.ino === there?.ino && held.dev === there.dev;
}

/**
 * The directory that a link such as a pipeline's `current` leads to now: what is loaded from there and what is named
 * there is the same dictionary, wherever the link leads by then.
 */
export async function modelPlace(directory: string): Promise<string> {
  return await Deno.realPath(directory).catch(() => directory);
}

/**
 * The directory that holds a dictionary's names for as long as they are given: that of a pipeline's current version is
 * the link to it, so that names follow to the version that becomes current meanwhile; else the directory itself.
 *
 * @param place where the dictionary is loaded from ({@linkcode modelPlace})
 */
export async function namesHome(place: string): Promise<string> {
  const root = await pipelineOf(place);
  return root === undefined ? place : join(root, "current");
}

/**
 * Keeps names whose atoms have no successor in the dictionary that took the place of theirs.
 *
 * @param home where their names were ({@linkcode namesHome})
 * @param lost the names
 * @returns the file, `labels.lost.json`: a pipeline's own, or that beside the dictionary
 */
export async function keepLostNames(
  home: string,
  lost: readonly LostLabel[],
): Promise<string> {
  const place = await modelPlace(home);
  using _folder = await lockLabels(place);
  const file = join(await pipelineOf(place) ?? place, LABEL_FILES.lost);
  const present = await readText(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  const text = new TextEncoder().encode(lostLabelsJson(present, lost));
  await writeFileAtomically(file, [text]);
  return file;
}

async function namesIn(
  directory: string,
  model: { atoms: number },
): Promise<Labels> {
  const file = join(directory, LABEL_FILES.labels);
  try {
    return parseLabels(await readText(file), model, file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

// The root of the pipeline whose current version a directory is.
async function pipelineOf(directory: string): Promise<string | undefined> {
  const version = await Deno.realPath(directory);
  const root = dirname(dirname(version));
  try {
    await Deno.stat(join(root, "pipeline.sqlite"));
    const current = await Deno.realPath(join(root, "current"));
    return current === version ? root : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Names after a person changed some.
 *
 * @param present the names so far
 * @param changes names by atom index; an empty one takes an atom's labels away
 * @param atoms m
 * @param source `hand`, or `import` for names out of a file, which replace none given by hand
 * @throws {DbksvdError} `usage` as {@linkcode labelAtoms}
 */
export function namedByHand(
  present: Labels,
  changes: Readonly<Record<string, string>>,
  atoms: number,
  source: "hand" | "import" = "hand",
): Labels {
  const kept: Record<string, LabelEntry> = { ...present };
  const given: Record<string, LabelEntry> = {};
  for (const [key, name] of Object.entries(changes)) {
    if (!/^\d+$/.test(key) || Number(key) >= atoms) {
      throw new DbksvdError("usage", `There is no atom ${key}`, {
        mend: `atoms are 0 to ${atoms - 1}`,
      });
    }
    const atom = String(Number(key));
    if (source === "hand") delete kept[atom];
    if (name === "") continue;
    const problem = labelProblem(name);
    if (problem !== undefined) {
      throw new DbksvdError(
        "usage",
        `Atom ${atom} cannot have that label, ${problem}`,
        {
          mend: "give a name of one line, 200 characters at most",
        },
      );
    }
    given[atom] = source === "hand" ? name : { label: name, source };
  }
  return inOrder(mergeLabels(kept, given));
}
