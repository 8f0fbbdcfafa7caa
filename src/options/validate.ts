import { DbksvdError } from "../errors.ts";
import { groupSizes } from "./groups.ts";
import { flagOf, trainingOptions } from "./table.ts";
import { requireKnownOptions } from "../unknown_options.ts";
import type { TrainOptions } from "./train_options.ts";
import { validateChoice, validateRefine } from "./validate_coding.ts";

/**
 * Refuses parameters that cannot work, before any data is read.
 *
 * @throws {DbksvdError} `usage`, naming the option, its value and what would do
 */
export function validateOptions(options: TrainOptions): void {
  const known = trainingOptions().map(([key]) => key);
  requireKnownOptions(options, known, "train()");
  for (const [key, { kind, default: standard }] of trainingOptions()) {
    const value = options[key];
    const mayBeLeftOut = standard === undefined || standard === false;
    if (value === undefined && mayBeLeftOut || kind.accepts(value)) continue;
    refuse(flagOf(key), wordsOf(value), kind.needs);
  }
  const { startSparsity } = options;
  if (startSparsity !== undefined && startSparsity > options.sparsity) {
    refuse(
      "--start-sparsity",
      startSparsity,
      `at most --sparsity (${options.sparsity})`,
    );
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
  validateMaxSparsity(options);
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
  const { maxSparsity = 0 } = options;
  if (maxSparsity > width) {
    refuse("--max-sparsity", maxSparsity, `at most the rows' width (${width})`);
  }
}

function validateMaxSparsity(
  { sparsity, maxSparsity, atoms }: TrainOptions,
): void {
  if (maxSparsity === undefined) return;
  if (maxSparsity <= sparsity) {
    refuse(
      "--max-sparsity",
      maxSparsity,
      `more than --sparsity (${sparsity}), which rows then have on average; twice as many do`,
    );
  }
  if (maxSparsity > atoms) {
    refuse("--max-sparsity", maxSparsity, `at most --atoms (${atoms})`);
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
  if (exact) {
    throw new DbksvdError(
      "usage",
      "--exact updates atom by atom, up to thousands of power steps each, and every step would be a sum over all processes",
      { mend: "leave out --exact, or --mpi, --shards and --sums" },
    );
  }
  if (sums === undefined) return;
  if (sums > atoms) refuse("--sums", sums, `at most --atoms (${atoms})`);
  if (atomBatch !== undefined) {
    throw new DbksvdError(
      "usage",
      "--sums and --atom-batch both say how many atoms are updated at once",
      { mend: "give one of them" },
    );
  }
}

function wordsOf(value: unknown): unknown {
  return typeof value === "object" ? JSON.stringify(value) : value;
}

function refuse(option: string, value: unknown, needed: string): never {
  throw new DbksvdError("usage", `${option} is "${value}"`, {
    mend: `it takes ${needed}`,
  });
}
