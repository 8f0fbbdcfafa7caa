import { DbksvdError } from "../errors.ts";
import { groupShares, mostNonzeros } from "./coder.ts";
import type { DictionaryModel } from "./model.ts";

/**
 * The dictionary of a nested model's first groups: fewer atoms, the nonzeros that those groups are allowed.
 *
 * @param model a model
 * @param groups how many groups, from 1; undefined: all
 * @throws {DbksvdError} `usage` where the model has fewer groups
 */
export function prefixModel(
  model: DictionaryModel,
  groups: number | undefined,
): DictionaryModel {
  if (groups === undefined || groups === model.groups.length) return model;
  const valid = Number.isInteger(groups) && groups >= 1 &&
    groups < model.groups.length;
  if (!valid) {
    throw new DbksvdError("usage", `The model has no ${groups} groups`, {
      mend: model.groups.length === 1
        ? "it is not nested; train with --matryoshka for prefixes"
        : `give 1 to ${model.groups.length}`,
    });
  }
  const sizes = model.groups.slice(0, groups);
  const atoms = sizes.reduce((sum, size) => sum + size, 0);
  const shares = groupShares(model).slice(0, groups);
  const sparsity = shares.reduce((sum, share) => sum + share, 0);
  const { groupSparsity, maxSparsity, threshold } = model.coder;
  return {
    ...model,
    atoms,
    groups: sizes,
    dictionary: model.dictionary.subarray(0, atoms * model.width),
    usage: model.usage.subarray(0, atoms),
    coder: {
      ...model.coder,
      sparsity,
      ...(groupSparsity && { groupSparsity: shares }),
      ...(maxSparsity && { maxSparsity: mostOfPrefix(model, groups) }),
      // The threshold is that of all groups together.
      ...(threshold !== undefined && { calibrated: false }),
    },
  };
}

// Nonzeros of a row at most in the first groups.
function mostOfPrefix(model: DictionaryModel, groups: number): number {
  const sparsity = mostNonzeros(model.coder);
  const most = groupShares({ ...model, coder: { ...model.coder, sparsity } });
  return most.slice(0, groups).reduce((sum, share) => sum + share, 0);
}
