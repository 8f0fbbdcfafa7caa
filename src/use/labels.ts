import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import { loadModel, MODEL_FILES } from "../model/directory.ts";

/**
 * Names atoms of a model: merges labels into its directory's `labels.json`. They appear in inspections and travel with
 * exports.
 *
 * @param directory a model directory
 * @param labels names by atom index; an empty name takes a label away
 * @returns all labels, after the change
 * @throws {DbksvdError} `usage` where there is no such atom
 */
export async function labelAtoms(
  directory: string,
  labels: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const { model } = await loadModel(directory);
  const merged = new Map(
    Object.entries(model.labels ?? {}).map(([atom, name]) => [+atom, name]),
  );
  for (const [key, name] of Object.entries(labels)) {
    if (!/^\d+$/.test(key) || Number(key) >= model.atoms) {
      throw new DbksvdError("usage", `There is no atom ${key}`, {
        mend: `atoms are 0 to ${model.atoms - 1}`,
      });
    }
    if (name === "") merged.delete(Number(key));
    else merged.set(Number(key), name);
  }
  const all = Object.fromEntries([...merged].sort(([a], [b]) => a - b));
  const text = new TextEncoder().encode(`${JSON.stringify(all, null, 2)}\n`);
  await writeFileAtomically(join(directory, MODEL_FILES.labels), [text]);
  return all;
}
