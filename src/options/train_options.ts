import { TRAINING_OPTIONS } from "./table.ts";
import type { TrainOptions } from "./types.ts";

export type { TrainOptions } from "./types.ts";

/** The defaults, measured on the sample and on larger data: see tasks/experiments/RESULTS.md. */
export const DEFAULT_TRAIN_OPTIONS: Readonly<TrainOptions> = Object.freeze(
  Object.fromEntries(
    Object.entries(TRAINING_OPTIONS)
      .filter(([, entry]) => entry.default !== undefined)
      .map(([key, entry]) => [key, entry.default]),
  ) as unknown as TrainOptions,
);

/** Shards where processes train together and nothing else is asked for. */
export const DEFAULT_SHARDS = 64;

/**
 * Options with all that sharing needs filled in, where any of it is asked for: atoms that rows use often together are
 * not to be updated at once, so that sums grow with the share of atoms that a row uses.
 *
 * @param options as given
 * @param shared whether processes train together
 */
export function withSharing<T extends Partial<TrainOptions>>(
  options: T,
  shared: boolean,
): T {
  const { shards, sums, sumType, atomBatch } = options;
  const asked = shared || shards !== undefined || sums !== undefined ||
    sumType !== undefined;
  if (!asked) return options;
  const {
    atoms = DEFAULT_TRAIN_OPTIONS.atoms,
    sparsity = DEFAULT_TRAIN_OPTIONS.sparsity,
  } = options;
  return {
    ...options,
    shards: shards ?? DEFAULT_SHARDS,
    sums: sums ??
      (atomBatch === undefined
        ? Math.min(atoms, Math.max(1, Math.ceil(100 * sparsity / atoms)))
        : undefined),
    sumType: sumType ?? "f32",
  };
}
