import { dialInWords } from "./coder.ts";
import type { ModelCoder } from "../options/model_coder.ts";

/** Format of dictionaries that earlier versions of the tool would code otherwise. */
export const DIALLED_VERSION = 2;

/** True where earlier versions of the tool would code otherwise. */
export function isDialled(coder: ModelCoder): boolean {
  return dialInWords(coder).length > 0 || coder.candidates !== undefined ||
    coder.coding === "joint" || coder.groupSparsity !== undefined ||
    coder.maxSparsity !== undefined || coder.threshold !== undefined;
}

/**
 * A coder's choice of atoms as metadata of a dictionary; what is left out is not written: such files stay as earlier
 * versions wrote them.
 */
export function choiceMetadata(coder: ModelCoder): Record<string, string> {
  const { coding, selectionRidge, groupWeight, candidates, groupSparsity } =
    coder;
  const { maxSparsity, threshold, calibrated } = coder;
  const values = {
    coding,
    selection_ridge: selectionRidge,
    group_weight: groupWeight,
    candidates,
    group_sparsity: groupSparsity && JSON.stringify(groupSparsity),
    max_k: maxSparsity,
    threshold,
    calibrated,
  };
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

/**
 * Reads them back.
 *
 * @param metadata a dictionary's
 * @param groups sizes of its groups
 * @param invalid makes the error of a value that is not valid
 */
export function choiceOf(
  metadata: Record<string, string>,
  groups: readonly number[],
  invalid: (why: string) => Error,
): Partial<ModelCoder> {
  const choice: Partial<ModelCoder> = {};
  const { coding, candidates, selection_ridge, group_weight } = metadata;
  if (coding !== undefined) {
    choice.coding = oneOf(coding, ["groups", "joint"], invalid);
  }
  if (candidates !== undefined) {
    choice.candidates = oneOf(candidates, ["signed", "positive"], invalid);
  }
  if (selection_ridge !== undefined) {
    choice.selectionRidge = Number(selection_ridge);
  }
  if (group_weight !== undefined) choice.groupWeight = Number(group_weight);
  if (metadata.max_k !== undefined) choice.maxSparsity = Number(metadata.max_k);
  if (metadata.threshold !== undefined) {
    choice.threshold = Number(metadata.threshold);
  }
  if (metadata.calibrated === "false") choice.calibrated = false;
  if (metadata.group_sparsity !== undefined) {
    choice.groupSparsity = sharesOf(metadata, groups, invalid);
  }
  return choice;
}

function oneOf<const T extends string>(
  text: string,
  words: readonly T[],
  invalid: (why: string) => Error,
): T {
  const word = words.find((one) => one === text);
  if (word !== undefined) return word;
  throw invalid(`"${text}" is none of ${words.join(", ")}`);
}

function sharesOf(
  metadata: Record<string, string>,
  groups: readonly number[],
  invalid: (why: string) => Error,
): number[] {
  const shares = listOf(metadata.group_sparsity);
  const sum = shares?.reduce((all, share) => all + share, 0);
  if (shares?.length === groups.length && sum === Number(metadata.k)) {
    return shares;
  }
  throw invalid(
    `the groups' nonzeros "${metadata.group_sparsity}" are not valid`,
  );
}

/** A list of whole numbers of at least 1; undefined for anything else. */
export function listOf(text: string): number[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    const valid = Array.isArray(list) &&
      list.every((value) => Number.isSafeInteger(value) && value > 0);
    return valid ? list : undefined;
  } catch {
    return undefined;
  }
}
