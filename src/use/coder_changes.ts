import { DbksvdError } from "../errors.ts";
import { withoutSharing } from "../model/coder.ts";
import {
  validateChoice,
  validateRefine,
  validateSharing,
} from "../options/validate_coding.ts";
import type { ModelCoder } from "../options/model_coder.ts";
import type { AnyModel } from "./models.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** What can be changed of how a finished dictionary codes rows. */
export type CoderChanges = Partial<
  Pick<
    ModelCoder,
    | "refine"
    | "coding"
    | "selectionRidge"
    | "groupWeight"
    | "candidates"
    | "maxSparsity"
    | "threshold"
  >
>;

/** The option of each change. */
const OPTIONS: Record<keyof CoderChanges, string> = {
  refine: "--refine",
  coding: "--coding",
  selectionRidge: "--selection-ridge",
  groupWeight: "--group-weight",
  candidates: "--candidates",
  maxSparsity: "--max-sparsity",
  threshold: "--threshold",
};

/**
 * A model that codes rows otherwise than it was trained for: other candidates (coefficients then take any sign), a
 * ridge in the choice of atoms, joint coding of nested groups, swap passes, another threshold by which rows share
 * their nonzeros. A threshold is calibrated for the coder that the model was trained with: with another one, or other
 * atoms to choose from, rows no longer have k nonzeros on average. Threshold 0, by itself, gives every row its own k
 * again.
 *
 * @param model a dictionary
 * @param changes what to change; undefined values leave the model's own
 * @throws {DbksvdError} `usage`, where the changes do not go together, or the model is another tool's autoencoder
 *
 * @example
 * ```ts
 * import { evaluate, plantRows, rowsFromArray, train, withCoder } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const { data } = plantRows({ rows: 400, width: 12, atoms: 24, sparsity: 4 });
 * const source = rowsFromArray(data, 12);
 * const { model } = await train(source, { atoms: 24, sparsity: 4, passes: 2 }, { device: "cpu" });
 * const plain = await evaluate(model, source, { device: "cpu" });
 * const general = await evaluate(withCoder(model, { selectionRidge: 1 }), source, { device: "cpu" });
 * assert(general.metrics.fvu > plain.metrics.fvu);
 * ```
 */
export function withCoder<Model extends AnyModel>(
  model: Model,
  changes: CoderChanges,
): Model {
  const names = Object.keys(OPTIONS) as (keyof CoderChanges)[];
  requireKnownOptions(changes, names, "withCoder()");
  const given = names.filter((name) => changes[name] !== undefined);
  if (given.length === 0) return model;
  if ("format" in model) {
    throw new DbksvdError("usage", `${OPTIONS[given[0]]} is for dictionaries`, {
      mend:
        "another tool's autoencoder codes with its own encoder: leave it out, or have its decoder re-coded (--recode)",
    });
  }
  const changed: ModelCoder = {
    ...model.coder,
    ...Object.fromEntries(given.map((name) => [name, changes[name]])),
  };
  const shares = changes.threshold !== 0 || changes.maxSparsity !== undefined;
  const coder = shares ? changed : withoutSharing(changed);
  const counts = given.filter((name) => name !== "refine");
  if (
    coder.threshold !== undefined &&
    counts.some((name) => changes[name] !== model.coder[name])
  ) coder.calibrated = false;
  if (changes.candidates !== undefined) coder.nonnegative = false;
  validateRefine(coder.refine ?? 0, coder.method);
  validateChoice(coder, model.groups.length);
  validateSharing(coder);
  requireMost(coder, model);
  return { ...model, coder };
}

/** Refuses more nonzeros than a row can have. */
export function requireMost(
  { maxSparsity = 0 }: ModelCoder,
  { atoms, width }: { atoms: number; width: number },
): void {
  const most = Math.min(atoms, width);
  if (maxSparsity <= most) return;
  throw new DbksvdError("usage", `--max-sparsity is "${maxSparsity}"`, {
    mend: `it takes at most the atoms and the rows' width (${most})`,
  });
}
