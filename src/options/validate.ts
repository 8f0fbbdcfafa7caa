import { DbksvdError } from "../errors.ts";
import { groupSizes } from "./groups.ts";
import type { TrainOptions } from "./train_options.ts";
import { validateChoice, validateRefine } from "./validate_coding.ts";

/**
 * Refuses parameters that cannot work, before any data is read.
 *
 * @throws {DbksvdError} `usage`, naming the option, its value and what would do
 */
export function validateOptions(options: TrainOptions): void {
  positiveInteger("--atoms", options.atoms);
  positiveInteger("--sparsity", options.sparsity);
  positiveInteger("--passes", options.passes);
  positiveInteger("--power-steps", options.powerSteps);
  if (options.atomBatch !== undefined) {
    positiveInteger("--atom-batch", options.atomBatch);
  }
  if (options.sampleBatch !== undefined) {
    positiveInteger("--sample-batch", options.sampleBatch);
  }
  if (options.startSparsity !== undefined) {
    positiveInteger("--start-sparsity", options.startSparsity);
    if (options.startSparsity > options.sparsity) {
      refuse(
        "--start-sparsity",
        options.startSparsity,
        `at most --sparsity (${options.sparsity})`,
      );
    }
  }
  if (options.statsRows !== undefined) {
    positiveInteger("--stats-rows", options.statsRows);
  }
  finiteAtLeast("--ridge", options.ridge, 0);
  finiteAtLeast("--memory", options.memory, 0);
  finiteAtLeast("--norm-cap", options.normCap, 0);
  finiteAtLeast("--patience", options.patience, 0);
  finiteAtLeast("--min-uses", options.minUses, 0);
  finiteAtLeast("--holdout", options.holdout, 0);
  finiteAtLeast("--tolerance", options.tolerance, 0);
  if (options.tolerance >= 1) {
    refuse("--tolerance", options.tolerance, "below 1");
  }
  if (options.holdout >= 1 && !Number.isInteger(options.holdout)) {
    refuse("--holdout", options.holdout, "a fraction under 1, or whole rows");
  }
  if (!Number.isSafeInteger(options.seed)) {
    refuse("--seed", options.seed, "a whole number");
  }
  if (options.sparsity > options.atoms) {
    refuse(
      "--sparsity",
      options.sparsity,
      `at most --atoms (${options.atoms})`,
    );
  }
  validateGroups(options);
  validateSharing(options);
  validateRefine(options.refine, options.coder);
  const coder = { ...options, method: options.coder };
  validateChoice(coder, groupSizes(options).length);
  if (options.refit && options.coder === "omp") {
    throw new DbksvdError("usage", "--refit is for --coder mp", {
      mend: "leave it out: omp's coefficients are least squares already",
    });
  }
  if (
    options.exact && options.atomBatch !== undefined && options.atomBatch > 1
  ) {
    refuse("--atom-batch", options.atomBatch, "1 with --exact");
  }
}

/**
 * Refuses what the data's width does not allow.
 *
 * @throws {DbksvdError} `usage`
 */
export function validateAgainstWidth(
  options: TrainOptions,
  width: number,
): void {
  if (options.sparsity > width) {
    refuse(
      "--sparsity",
      options.sparsity,
      `at most the rows' width (${width})`,
    );
  }
}

function validateGroups(options: TrainOptions): void {
  const { matryoshka, atoms, sparsity, groupSparsity } = options;
  if (matryoshka === undefined) {
    if (groupSparsity === undefined) return;
    throw new DbksvdError("usage", "--group-sparsity needs --matryoshka", {
      mend: "leave it out, or give the groups",
    });
  }
  const groups = groupSizes(options), sizes = groups.join(",");
  const sum = groups.reduce((all, size) => all + size, 0);
  if (groups.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    refuse(
      "--matryoshka",
      sizes,
      "auto, probing, or a list of sizes of at least 1, the last one also as rest",
    );
  }
  if (sum !== atoms) {
    refuse("--matryoshka", sizes, `sizes that add up to --atoms (${atoms})`);
  }
  if (sparsity < groups.length) {
    refuse(
      "--sparsity",
      sparsity,
      `at least one nonzero for each of ${groups.length} groups`,
    );
  }
  if (groupSparsity !== undefined) validateShares(options, groups);
}

function validateShares(
  { groupSparsity = [], sparsity }: TrainOptions,
  groups: readonly number[],
): void {
  const sum = groupSparsity.reduce((all, share) => all + share, 0);
  const valid = groupSparsity.length === groups.length && sum === sparsity &&
    groupSparsity.every((share, g) =>
      Number.isSafeInteger(share) && share >= 1 && share <= groups[g]
    );
  if (valid) return;
  refuse(
    "--group-sparsity",
    groupSparsity.join(","),
    `the nonzeros of each of ${groups.length} groups, at most its atoms, ${sparsity} in all`,
  );
}

function validateSharing(options: TrainOptions): void {
  const { shards, sums, atoms, atomBatch, exact } = options;
  if (shards === undefined) return;
  positiveInteger("--shards", shards);
  if (exact) {
    throw new DbksvdError(
      "usage",
      "--exact updates atom by atom, up to thousands of power steps each, and every step would be a sum over all processes",
      { mend: "leave out --exact, or --mpi, --shards and --sums" },
    );
  }
  if (sums === undefined) return;
  positiveInteger("--sums", sums);
  if (sums > atoms) refuse("--sums", sums, `at most --atoms (${atoms})`);
  if (atomBatch !== undefined) {
    throw new DbksvdError(
      "usage",
      "--sums and --atom-batch both say how many atoms are updated at once",
      { mend: "give one of them" },
    );
  }
}

function positiveInteger(option: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1)) {
    refuse(option, value, "a whole number of at least 1");
  }
}

function finiteAtLeast(option: string, value: number, least: number): void {
  if (!(Number.isFinite(value) && value >= least)) {
    refuse(option, value, `a number of at least ${least}`);
  }
}

function refuse(option: string, value: unknown, needed: string): never {
  throw new DbksvdError("usage", `${option} is "${value}"`, {
    mend: `it takes ${needed}`,
  });
}
