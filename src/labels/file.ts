import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import { isJsonObject } from "../json.ts";
import type { AtomLabel, LabelEntry, Labels } from "./label.ts";
import { parseJson } from "../files/text.ts";

/** Names of the files that hold names, in a model directory and in a pipeline's root. */
export const LABEL_FILES = {
  /** The names. */
  labels: "labels.json",
  /** Names whose atom has no successor in the dictionary that took its place. */
  lost: "labels.lost.json",
} as const;

const SOURCES = ["hand", "probe", "model", "import"];

/**
 * Parses `labels.json`: an object from atom index to a name, a label, or two labels of different signs.
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
): Labels {
  const refuse = (why: string, cause?: unknown) =>
    new DbksvdError("data", `Not a valid labels file, ${why}`, {
      where: { file },
      mend: 'write an object such as {"12": "colours"}',
      cause,
    });
  const parsed = parseObject(text, refuse);
  const twice = repeatedKey(text);
  if (twice !== undefined) throw refuse(`"${twice}" is there twice`);
  for (const [atom, entry] of Object.entries(parsed)) {
    if (!/^(0|[1-9]\d*)$/.test(atom) || Number(atom) >= model.atoms) {
      throw refuse(`"${atom}" is no atom of this model (${model.atoms} atoms)`);
    }
    if (!isEntry(entry)) throw refuse(`the label of atom ${atom} is not text`);
  }
  return parsed as Labels;
}

function parseObject(
  text: string,
  refuse: (why: string, cause?: unknown) => DbksvdError,
): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
  if (!isJsonObject(parsed)) throw refuse("it is not an object");
  return parsed;
}

// JSON's parser takes the last of several members of one name, and says nothing of the others. Of an object that was
// parsed, a string of the first level before a colon is a name.
function repeatedKey(text: string): string | undefined {
  const names = new Set<string>();
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/g)) {
    if (/^[{[]/.test(token)) depth++;
    else if (/^[}\]]/.test(token)) depth--;
    else if (depth === 1 && token.endsWith(":")) {
      const name = JSON.parse(token.slice(0, -1)) as string;
      if (names.has(name)) return name;
      names.add(name);
    }
  }
}

function isEntry(entry: unknown): entry is LabelEntry {
  if (typeof entry === "string") return true;
  if (!Array.isArray(entry)) return isLabel(entry);
  return entry.length === 2 && entry.every(isLabel) &&
    entry.map(({ sign }) => sign).sort().join() === "+,-";
}

function isLabel(value: unknown): value is AtomLabel {
  if (!isJsonObject(value)) return false;
  const { label, source, sign, score, fuzzing, model, prompt } = value;
  return typeof label === "string" && SOURCES.includes(source as string) &&
    (sign === undefined || sign === "+" || sign === "-") &&
    [score, fuzzing].every((one) => isOptional(one, "number")) &&
    [model, prompt].every((one) => isOptional(one, "string"));
}

function isOptional(value: unknown, type: "number" | "string"): boolean {
  return value === undefined || typeof value === type;
}

/** What `labels.json` holds for these names. */
export function labelsJson(labels: Labels): string {
  return `${JSON.stringify(labels, null, 2)}\n`;
}

/**
 * Waits until nobody else changes a folder's names, and keeps others waiting until it is closed. The kernel's lock on
 * the folder itself: it ends with whoever holds it, and leaves nothing behind. There are file systems without locks.
 */
export async function lockLabels(
  folder: string,
): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(folder).catch(() => undefined);
  await file?.lock(true).catch(() => {});
  return file;
}

/** Replaces a folder's `labels.json` in one step. */
export async function writeLabels(
  folder: string,
  labels: Labels,
): Promise<void> {
  const text = new TextEncoder().encode(labelsJson(labels));
  await writeFileAtomically(join(folder, LABEL_FILES.labels), [text]);
}

/** A name whose atom has no successor. */
export interface LostLabel {
  /** The atom it named in the dictionary that was replaced. */
  atom: number;
  /** The name. */
  entry: LabelEntry;
  /** |cos| to the atom that was nearest in the new dictionary. */
  cosine: number;
}

/**
 * The contents of `labels.lost.json` after further names were lost: what it held stays in front.
 *
 * @param present the file's contents so far, where there is one
 * @param lost the names; as text where their file could not be read
 */
export function lostLabelsJson(
  present: string | undefined,
  lost: readonly (LostLabel | { text: string })[],
): string {
  return `${JSON.stringify([...parseLost(present), ...lost], null, 2)}\n`;
}

// A file that somebody damaged is no reason to give up names: what cannot be parsed is kept as text.
function parseLost(text: string | undefined): unknown[] {
  if (text === undefined) return [];
  try {
    const parsed = parseJson(text);
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    return [text];
  }
}
