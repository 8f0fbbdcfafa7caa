import { DbksvdError } from "../errors.ts";
import { type RandomStream, randomStream } from "../random.ts";
import { chooseRows, RowBits } from "../rows/row_set.ts";
import type { RowSet } from "../rows/source.ts";

/** A fraction holds out at most this many rows; a whole number holds out as many as it says. */
const MOST_HELD_OUT = 16384;

/** How many rows are to be held out of some. */
export function heldOutCount(rowCount: number, holdout: number): number {
  return holdout < 1
    ? Math.min(MOST_HELD_OUT, Math.round(rowCount * holdout))
    : holdout;
}

/**
 * Chooses the held-out rows: by seed, from all rows, before anything else, so that the same seed and inputs give the
 * same split on every engine.
 *
 * @param rowCount all rows
 * @param holdout a fraction under 1, or a number of rows
 * @param seed the user's seed
 * @returns the set, or `undefined` where none are held out
 * @throws {DbksvdError} `usage` where no row would be left
 */
export function chooseHeldOut(
  rowCount: number,
  holdout: number,
  seed: number,
): RowSet | undefined {
  const count = heldOutCount(rowCount, holdout);
  if (count === 0) return undefined;
  if (count >= rowCount) {
    throw new DbksvdError(
      "usage",
      `--holdout ${holdout} leaves none of ${rowCount} rows`,
      {
        mend: "hold out fewer rows",
      },
    );
  }
  return chooseRows(rowCount, count, randomStream(seed, "held-out"));
}

/**
 * Chooses as many training rows as are held out, at random, to be measured beside them.
 *
 * @param rowCount all rows
 * @param heldOut the held-out rows
 * @param seed the user's seed
 */
export function chooseTrainingSample(
  rowCount: number,
  heldOut: RowSet,
  seed: number,
): RowSet {
  const random = randomStream(seed, "training-sample");
  return chooseAmong(rowCount, heldOut, heldOut.size, random);
}

/**
 * Chooses some of the rows that a set leaves.
 *
 * @param rowCount all rows
 * @param except those that are not to be chosen
 * @param count how many; all that are left, where they are fewer
 * @param random what chooses
 */
export function chooseAmong(
  rowCount: number,
  except: RowSet | undefined,
  count: number,
  random: RandomStream,
): RowBits {
  const free = rowCount - (except?.size ?? 0);
  const ranks = chooseRows(free, Math.min(count, free), random);
  const rows = new RowBits(rowCount);
  for (let row = 0, rank = 0; row < rowCount; row++) {
    if (!except?.has(row) && ranks.has(rank++)) rows.add(row);
  }
  return rows;
}
