import type { ModelCoder } from "../options/model_coder.ts";
import type { CoderOptions, EngineSpec } from "../engine/engine.ts";
import { groupSparsities } from "../engine/group_sparsities.ts";
import { counted } from "../text.ts";
import type { DictionaryModel, ModelConfig } from "./model.ts";

/** What an engine needs to know to code rows as a dictionary does. */
export function codingOf(
  model: Pick<DictionaryModel, "atoms" | "groups" | "usage" | "coder">,
): Pick<EngineSpec, "groups" | "coder"> {
  const { coding, groupWeight = 1, groupSparsity, ...others } = model.coder;
  const { maxSparsity: _, calibrated: __, ...rest } = others;
  const coder: CoderOptions = { ...rest, sparsity: mostNonzeros(model.coder) };
  if (groupWeight !== 1) coder.weights = atomWeights(model, groupWeight);
  if (coding === "joint") return { groups: [model.atoms], coder };
  if (groupSparsity !== undefined) coder.groupSparsity = groupSparsity;
  return { groups: model.groups, coder };
}

/** Nonzeros of a row at most. */
export function mostNonzeros({ sparsity, maxSparsity }: ModelCoder): number {
  return maxSparsity ?? sparsity;
}

/** Nonzeros of each of a dictionary's groups. */
export function groupShares(
  { groups, coder }: Pick<DictionaryModel, "groups" | "coder">,
): number[] {
  return groupSparsities(groups, coder.sparsity, coder.groupSparsity);
}

// The factors of the choice, the largest of them 1.
function atomWeights(
  { atoms, groups, usage }: Pick<DictionaryModel, "atoms" | "groups" | "usage">,
  weight: number,
): Float32Array {
  if (groups.length > 1) {
    return Float32Array.from(
      groups.flatMap((size, g) => Array(size).fill(weight ** -g)),
    );
  }
  const most = usage.reduce((most, uses) => Math.max(most, uses), 1);
  return Float32Array.from(
    { length: atoms },
    (_, j) => (Math.max(usage[j], 1) / most) ** (weight - 1),
  );
}

/** How a dictionary codes rows, in words, as "joint non-negative OMP, k = 16, selection ridge 0.3". */
export function coderInWords(
  { coder, groups }: Pick<DictionaryModel, "coder" | "groups">,
): string {
  const nested = groups.length > 1;
  const joint = nested && coder.coding === "joint" ? "joint " : "";
  const sign = coder.nonnegative ? "non-negative " : "";
  const shares = nested && joint === "" && coder.groupSparsity !== undefined
    ? ` (${coder.groupSparsity.join(" + ")})`
    : "";
  const k = `k = ${coder.sparsity}${shares}`;
  return [
    `${joint}${sign}${coder.method.toUpperCase()}`,
    ...(coder.maxSparsity === undefined
      ? [k]
      : coder.calibrated === false
      ? []
      : [`${k} on average`]),
    ...sharingInWords(coder),
    ...dialInWords(coder),
    ...(coder.refine ? [`refined (${coder.refine})`] : []),
  ].join(", ");
}

/** A coder by which every row has its own k nonzeros. */
export function withoutSharing(coder: ModelCoder): ModelCoder {
  const { maxSparsity: _, threshold: __, calibrated: ___, ...rest } = coder;
  return rest;
}

/** Where rows end before k nonzeros or go on after them, in words; empty where each has its own k. */
export function sharingInWords(
  { maxSparsity, threshold, calibrated }: ModelCoder,
): string[] {
  const most = maxSparsity === undefined
    ? []
    : [`${maxSparsity} a row at most`];
  if (threshold === undefined) return most;
  // As it was given; calibrated ones have nine digits.
  const figure = calibrated === false
    ? threshold
    : Number(threshold.toPrecision(4));
  return [...most, `threshold ${figure}`];
}

/** What a calibration found, in words: "8.00 on average over 1 000 held-out rows, at a threshold of 1.500". */
export function calibrationInWords(
  { threshold, l0, on, rows }: NonNullable<ModelConfig["calibration"]>,
): string {
  return `${l0.toFixed(2)} on average over ${
    counted(rows, `${on} row`)
  }, at a threshold of ${threshold.toPrecision(4)}`;
}

/** What of a coder's choice of atoms is not plain OMP or MP, in words; empty where all of it is. */
export function dialInWords(coder: ModelCoder): string[] {
  const { selectionRidge = 0, groupWeight = 1, candidates } = coder;
  return [
    ...(selectionRidge > 0 ? [`selection ridge ${selectionRidge}`] : []),
    ...(groupWeight !== 1 ? [`group weight ${groupWeight}`] : []),
    ...(candidates === "positive" && !coder.nonnegative
      ? ["positive candidates"]
      : []),
  ];
}
