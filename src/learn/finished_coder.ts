import type { ModelCoder } from "../options/model_coder.ts";
import { groupNonzeros } from "../options/groups.ts";
import type { TrainOptions } from "../options/train_options.ts";

/**
 * How the dictionary that a training ends with codes rows: as it was trained, the choice of atoms apart, and the
 * threshold of rows that share their nonzeros, which is found at the end.
 */
export function finishedCoder(options: TrainOptions): ModelCoder {
  const { coder, sparsity, nonnegative, tolerance, refit, refine } = options;
  const { coding, selectionRidge, groupWeight, candidates } = options;
  const { maxSparsity } = options;
  const groupSparsity = groupNonzeros(options);
  const choice = {
    coding,
    selectionRidge,
    groupWeight,
    candidates,
    groupSparsity,
    maxSparsity,
  };
  return {
    method: coder,
    sparsity,
    nonnegative: nonnegative && candidates === undefined,
    tolerance,
    refit,
    refine,
    ...Object.fromEntries(
      Object.entries(choice).filter(([, value]) => value !== undefined),
    ),
  };
}
