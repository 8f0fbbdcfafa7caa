import { MOST_REFINEMENTS } from "../thresholds.ts";
import { DbksvdError } from "../errors.ts";
import type { ModelCoder } from "./model_coder.ts";

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
 * Refuses a choice of atoms that cannot be.
 *
 * @param coder how rows are to be coded
 * @param groups how many nested groups the dictionary has
 * @throws {DbksvdError} `usage`, naming the option and what would do
 */
export function validateChoice(coder: ModelCoder, groups: number): void {
  const { selectionRidge = 0, groupWeight = 1, candidates } = coder;
  if (!(Number.isFinite(selectionRidge) && selectionRidge >= 0)) {
    refuse("--selection-ridge", selectionRidge, "a number of at least 0");
  }
  if (!(Number.isFinite(groupWeight) && groupWeight >= 1)) {
    refuse("--group-weight", groupWeight, "a number of at least 1");
  }
  if (groupWeight !== 1 && groups > 1 && coder.coding !== "joint") {
    throw new DbksvdError("usage", "--group-weight needs --coding joint", {
      mend: "add it: coded by groups, atoms never compete with another group's",
    });
  }
  const dialled = [
    ...(selectionRidge > 0 ? ["--selection-ridge"] : []),
    ...(groupWeight !== 1 ? ["--group-weight"] : []),
    ...(candidates === "positive" ? ["--candidates positive"] : []),
  ];
  if (dialled.length === 0) return;
  if (coder.method !== "omp") {
    throw new DbksvdError("usage", `${dialled[0]} is for --coder omp`, {
      mend: "leave it out, or take omp",
    });
  }
  if ((coder.refine ?? 0) > 0) {
    throw new DbksvdError(
      "usage",
      `--refine and ${dialled[0]} cannot go together`,
      { mend: "give one: swap passes would undo the choice" },
    );
  }
  if (selectionRidge > 0 && coder.tolerance > 0) {
    throw new DbksvdError(
      "usage",
      "--tolerance and --selection-ridge cannot go together",
      { mend: "give one: with a ridge the error is known at the end only" },
    );
  }
}

/**
 * Refuses limits of rows' nonzeros that cannot be.
 *
 * @param coder how rows are to be coded
 * @throws {DbksvdError} `usage`
 */
export function validateSharing(
  { sparsity, maxSparsity, threshold }: ModelCoder,
): void {
  if (
    threshold !== undefined && !(Number.isFinite(threshold) && threshold >= 0)
  ) {
    refuse("--threshold", threshold, "a number of at least 0");
  }
  if (maxSparsity === undefined) return;
  if (!Number.isSafeInteger(maxSparsity) || maxSparsity < sparsity) {
    refuse(
      "--max-sparsity",
      maxSparsity,
      `a whole number of at least k, ${sparsity}`,
    );
  }
  if (threshold !== undefined) return;
  throw new DbksvdError("usage", "--max-sparsity needs a threshold", {
    mend:
      "give --threshold too, or train with --max-sparsity, which finds the one for k nonzeros on average",
  });
}

function refuse(option: string, value: unknown, needed: string): never {
  throw new DbksvdError("usage", `${option} is "${value}"`, {
    mend: `it takes ${needed}`,
  });
}
