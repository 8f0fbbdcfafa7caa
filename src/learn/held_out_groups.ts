import { DbksvdError } from "../errors.ts";
import { permutation, randomStream } from "../random.ts";
import { RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { valueKey } from "../rows/value_key.ts";
import { chooseHeldOut, heldOutCount } from "./split.ts";

/** Fewer outer rows than this are no split: rows are held out one by one. */
const LEAST_OUTER = 20;
/** Rows that are grouped at a time. */
const ROWS_AT_ONCE = 65536;

/** What is held out of a source, and by what. */
export interface HeldOut {
  rows: RowSet | undefined;
  /** `row`; `outer`: by what nested rows are in; or the column whose values stay together. */
  by: string;
}

/**
 * Chooses the held-out rows of a source, so that what belongs together falls on one side: tokens of a text, or rows
 * with one value of a column. Whole groups are taken, in a random order, until there are as many rows as asked for.
 *
 * @param source the rows
 * @param options how many, by what (nested rows by what they are in, others by themselves, where that is left out)
 * and the seed
 * @param onNotice called where there are too few outer rows
 * @throws {DbksvdError} `usage` where nothing would be left, or rows have nothing to be grouped by
 */
export async function holdOut(
  source: RowSource,
  options: { holdout: number; holdoutBy?: string | undefined; seed: number },
  onNotice?: (notice: string) => void,
): Promise<HeldOut> {
  const { holdout, holdoutBy, seed } = options;
  const { rowCount } = source;
  const one = () => chooseHeldOut(rowCount, holdout, seed);
  const by = holdoutBy ?? (source.readItems === undefined ? "row" : "outer");
  if (by === "row" || holdout === 0) return { rows: one(), by: "row" };
  const groups = await groupsOf(source, by);
  if (by === "outer" && groups.count < LEAST_OUTER) {
    onNotice?.(
      `Rows are held out one by one: there are only ${groups.count} outer rows (--holdout-by)`,
    );
    return { rows: one(), by: "row" };
  }
  return {
    rows: wholeGroups(groups, heldOutCount(rowCount, holdout), options),
    by,
  };
}

/** The group of every row. */
interface Groups {
  of: Uint32Array;
  count: number;
}

async function groupsOf(source: RowSource, by: string): Promise<Groups> {
  const { rowCount } = source;
  const of = new Uint32Array(rowCount);
  const numbers = new Map<unknown, number>();
  let count = 0;
  const numberOf = (value: unknown) => {
    // What has no value belongs to nothing else.
    if (value === null || value === undefined) return count++;
    const key = valueKey(value);
    if (!numbers.has(key)) numbers.set(key, count++);
    return numbers.get(key)!;
  };
  for (let start = 0; start < rowCount; start += ROWS_AT_ONCE) {
    const range = { start, end: Math.min(rowCount, start + ROWS_AT_ONCE) };
    const values = await valuesOf(source, by, range);
    for (let i = 0; i < values.length; i++) of[start + i] = numberOf(values[i]);
  }
  return { of, count };
}

async function valuesOf(
  source: RowSource,
  by: string,
  range: { start: number; end: number },
): Promise<ArrayLike<unknown>> {
  if (by === "outer") {
    if (source.readItems !== undefined) {
      return (await source.readItems(range)).rows;
    }
    throw new DbksvdError("usage", "Rows lie in nothing to hold out by", {
      mend: "leave --holdout-by out, or name a column",
    });
  }
  if (source.readColumns !== undefined) {
    return (await source.readColumns([by], range))[0].values;
  }
  throw new DbksvdError("usage", "The inputs have no columns to hold out by", {
    where: { column: by },
    mend: "leave --holdout-by out",
  });
}

function wholeGroups(
  { of, count }: Groups,
  wanted: number,
  { holdout, seed }: { holdout: number; seed: number },
): RowSet {
  const sizes = new Uint32Array(count);
  for (const group of of) sizes[group]++;
  const taken = new Uint8Array(count);
  let rows = 0;
  for (
    const group of permutation(count, randomStream(seed, "held-out groups"))
  ) {
    if (rows >= wanted) break;
    taken[group] = 1;
    rows += sizes[group];
  }
  if (rows >= of.length) {
    throw new DbksvdError(
      "usage",
      `--holdout ${holdout} leaves none of ${count} groups of rows`,
      { mend: "hold out fewer rows, or choose another --holdout-by" },
    );
  }
  const chosen = new RowBits(of.length);
  of.forEach((group, row) => {
    if (taken[group] === 1) chosen.add(row);
  });
  return chosen;
}
