import { DbksvdError } from "../errors.ts";
import { writeLabels } from "../labels/file.ts";
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
  const { model } = await loadModel(directory);
  const all = namedByHand(model.labels ?? {}, labels, model.atoms);
  await writeLabels(directory, all);
  return all;
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
