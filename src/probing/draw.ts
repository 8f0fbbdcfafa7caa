import { randomStream } from "../random.ts";
import type { ClassColumn } from "./classes.ts";

/** Most classes of a column that are probed for. */
export const MOST_CLASSES = 20;

/** Fewest rows of a class in the test. */
const FEWEST_TEST_ROWS = 20;

/** Rows of a class that a probe is fitted to and tested on, at most: as many as SAEBench takes. */
const MOST_TRAIN_ROWS = 4000;
const MOST_TEST_ROWS = 1000;

/** What is probed, one after the other: rows, or groups of rows. */
export interface Units {
  /** How many. */
  count: number;
  /** Whether a unit can take part (it was delivered, and is not held back). */
  takesPart(unit: number): boolean;
  /** Whether a unit is one of the test's. */
  isTest(unit: number): boolean;
}

/** Units with, for each, whether it is of the class. */
export interface LabelledUnits {
  units: Uint32Array;
  /** 1 for those of the class, else 0. */
  positive: Uint8Array;
}

/** One class against the others of its column, as many rows of it as of them. */
export interface Task {
  /** The column. */
  label: string;
  /** The class. */
  class: string;
  /** Its place among the column's classes. */
  place: number;
  train: LabelledUnits;
  test: LabelledUnits;
}

/** How tasks are drawn. */
export interface DrawOptions {
  seed: number;
  /** Fewest training rows of a class. */
  minRows: number;
  /** Only these classes. */
  classes?: readonly string[] | undefined;
  /** Units in all tasks together, at most. */
  most: number;
}

/**
 * Draws the tasks of a column by SAEBench's definition: for each of its most frequent classes, at most 20, all rows
 * of the class and as many of the other ones, in equal shares. One draw is made and kept, so that models are compared
 * on the same rows.
 *
 * @param column the classes of each unit
 * @param units which units take part, and which are the test's
 * @param options the seed, fewest rows of a class, most units
 */
export function drawTasks(
  column: ClassColumn,
  units: Units,
  options: DrawOptions,
): Task[] {
  const lists = listUnits(column, units);
  const wanted = (c: number) =>
    options.classes === undefined ||
    options.classes.includes(column.classes[c]);
  const chosen = column.classes.map((_, c) => c)
    .filter((c) =>
      wanted(c) && lists.train[c].length >= options.minRows &&
      lists.test[c].length >= FEWEST_TEST_ROWS
    )
    .sort((a, b) => lists.train[b].length - lists.train[a].length || a - b)
    .slice(0, MOST_CLASSES)
    .sort((a, b) => a - b);
  const shareOf = (most: number) =>
    Math.min(most, Math.floor(options.most / (4 * Math.max(1, chosen.length))));
  return chosen.flatMap((c) => {
    const side = (of: "train" | "test", most: number) =>
      balanced(column, lists[of], c, chosen, {
        most: shareOf(most),
        seed: options.seed,
        purpose: of,
      });
    const train = side("train", MOST_TRAIN_ROWS);
    const test = side("test", MOST_TEST_ROWS);
    if (train.units.length < 2 || test.units.length < 2) return [];
    const name = column.classes[c];
    return [{ label: column.name, class: name, place: c, train, test }];
  });
}

function listUnits(column: ClassColumn, units: Units) {
  const lists = {
    train: column.classes.map(() => [] as number[]),
    test: column.classes.map(() => [] as number[]),
  };
  for (let unit = 0; unit < units.count; unit++) {
    const classes = column.classesOf(unit);
    if (classes.length === 0 || !units.takesPart(unit)) continue;
    const side = lists[units.isTest(unit) ? "test" : "train"];
    for (const c of classes) side[c].push(unit);
  }
  return lists;
}

function balanced(
  column: ClassColumn,
  lists: readonly number[][],
  c: number,
  chosen: readonly number[],
  { most, seed, purpose }: { most: number; seed: number; purpose: string },
): LabelledUnits {
  const draw = (list: readonly number[], count: number, what: string) =>
    drawn(list, count, [
      seed,
      column.name,
      column.classes[c],
      `${purpose} ${what}`,
    ]);
  // Against nothing but rarer classes, where this one is the only one.
  const others = chosen.length > 1
    ? chosen.filter((other) => other !== c)
    : lists.map((_, other) => other).filter((other) => other !== c);
  const wanted = Math.min(most, lists[c].length);
  const each = Math.ceil(wanted / Math.max(1, others.length));
  const isOfClass = (unit: number) => column.classesOf(unit).includes(c);
  const negatives = [
    ...new Set(others.flatMap((other) =>
      draw(
        lists[other].filter((unit) => !isOfClass(unit)),
        each,
        column.classes[other],
      )
    )),
  ];
  const count = Math.min(wanted, negatives.length);
  const units = [
    ...draw(lists[c], count, "positives"),
    ...draw(negatives, count, "negatives"),
  ];
  const mixed = draw(units, units.length, "order");
  return {
    units: Uint32Array.from(mixed),
    positive: Uint8Array.from(mixed, (unit) => isOfClass(unit) ? 1 : 0),
  };
}

// Some of a list in random order.
function drawn(
  list: readonly number[],
  count: number,
  [seed, ...labels]: [number, ...string[]],
): number[] {
  const random = randomStream(seed, "probe", ...labels);
  const left = [...list], taken = Math.min(count, left.length);
  for (let i = 0; i < taken; i++) {
    const other = i + random.integer(left.length - i);
    [left[i], left[other]] = [left[other], left[i]];
  }
  return left.slice(0, taken);
}
