import { MOST_REFINEMENTS } from "../engine/constants.ts";
import { DbksvdError } from "../errors.ts";
import { groupSizes } from "./groups.ts";
import type { TrainOptions } from "./options.ts";

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
  validateRefine(options.refine, options.coder);
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
 * Refuses swap passes that cannot be.
 *
 * @param passes how many
 * @param coder the pursuit that they come after
 * @throws {DbksvdError} `usage`
 */
export function validateRefine(passes: number, coder: "omp" | "mp"): void {
  if (
    !Number.isSafeInteger(passes) || passes < 0 || passes > MOST_REFINEMENTS
  ) {
    refuse("--refine", passes, `a whole number from 0 to ${MOST_REFINEMENTS}`);
  }
  if (passes > 0 && coder !== "omp") {
    throw new DbksvdError("usage", "--refine is for --coder omp", {
      mend: "leave it out: mp's supports are not least squares",
    });
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
  const { matryoshka, atoms, sparsity } = options;
  if (matryoshka === undefined) return;
  const groups = groupSizes(options), sizes = groups.join(",");
  const sum = groups.reduce((all, size) => all + size, 0);
  if (groups.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    refuse("--matryoshka", sizes, "auto, or a list of sizes of at least 1");
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
