import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";

/**
 * Parses `labels.json`: an object from atom index to a name.
 *
 * @param text the file's contents
 * @param model the dictionary whose atoms are named
 * @param file its name, for errors
 * @throws {DbksvdError} `data`
 */
export function parseLabels(
  text: string,
  model: { atoms: number },
  file: string,
): Record<string, string> {
  const refuse = (why: string, cause?: unknown) =>
    new DbksvdError("data", `Not a valid labels file, ${why}`, {
      where: { file },
      mend: 'write an object such as {"12": "colours"}',
      cause,
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
  if (!isJsonObject(parsed)) {
    throw refuse("it is not an object");
  }
  for (const [atom, label] of Object.entries(parsed)) {
    if (!/^(0|[1-9]\d*)$/.test(atom) || Number(atom) >= model.atoms) {
      throw refuse(`"${atom}" is no atom of this model (${model.atoms} atoms)`);
    }
    if (typeof label !== "string") {
      throw refuse(`the label of atom ${atom} is not text`);
    }
  }
  return parsed as Record<string, string>;
}
