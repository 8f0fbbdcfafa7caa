import { DbksvdError } from "../errors.ts";
import { validateRefine } from "../learn/validate.ts";
import type { AnyModel } from "./models.ts";

/**
 * A model whose rows are coded with so many swap passes after OMP, whatever it was trained with: lower errors at the same
 * number of nonzeros, for about twice the time of coding.
 *
 * @param model a dictionary coded by OMP
 * @param passes swap passes at most, 0 to 10; undefined: as the model says
 * @throws {DbksvdError} `usage`, where the number or the model's coder does not allow it
 *
 * @example
 * ```ts
 * import { evaluate, plantRows, rowsFromArray, train, withRefinement } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const { data } = plantRows({ rows: 400, width: 12, atoms: 24, sparsity: 4 });
 * const source = rowsFromArray(data, 12);
 * const { model } = await train(source, { atoms: 24, sparsity: 4, passes: 2 }, { device: "cpu" });
 * const plain = await evaluate(model, source, { device: "cpu" });
 * const refined = await evaluate(withRefinement(model, 2), source, { device: "cpu" });
 * assert(refined.metrics.fvu < plain.metrics.fvu);
 * ```
 */
export function withRefinement<Model extends AnyModel>(
  model: Model,
  passes: number | undefined,
): Model {
  if (passes === undefined) return model;
  if ("format" in model) {
    throw new DbksvdError("usage", "--refine is for dictionaries", {
      mend:
        "another tool's autoencoder codes with its own encoder: leave it out",
    });
  }
  validateRefine(passes, model.coder.method);
  return { ...model, coder: { ...model.coder, refine: passes } };
}
