import { DbksvdError } from "../errors.ts";
import { randomStream } from "../random.ts";
import type { ClassColumn } from "./classes.ts";
import type { LabelledUnits, Task, Units } from "./draw.ts";
import type { CorrelationTasks } from "./perturbation.ts";

/** Rows of each combination of the two attributes, at most, and at least in the test. */
const MOST_TRAIN = 1000;
const MOST_TEST = 250;
const FEWEST_TEST = 20;

/** An attribute of two values: a column, and one class of it against another one. */
export interface Attribute {
  column: ClassColumn;
  values: readonly [string, string];
}

/**
 * Draws the tasks of two attributes: each of them on as many rows of every combination, and both at once on rows
 * where they go together.
 *
 * @throws {DbksvdError} `data` where a combination has too few rows
 */
export function drawCorrelation(
  attributes: readonly [Attribute, Attribute],
  units: Units,
  seed: number,
): CorrelationTasks {
  const train = combinations(attributes, units, seed, {
    of: "train",
    most: MOST_TRAIN,
  });
  const test = combinations(attributes, units, seed, {
    of: "test",
    most: MOST_TEST,
  });
  const task = (
    label: string,
    positive: (a: number, b: number) => boolean,
    takesPart: (a: number, b: number) => boolean,
  ): Task => ({
    label,
    class: label,
    place: 0,
    train: labelled(train, positive, takesPart),
    test: labelled(test, positive, takesPart),
  });
  const [a, b] = attributes.map(({ column, values }) =>
    `${column.name}=${values.join("|")}`
  );
  return {
    name: `${a}, ${b}`,
    attributes: [
      task(a, (first) => first === 0, () => true),
      task(b, (_, second) => second === 0, () => true),
    ],
    both: task(
      `${a}, ${b}`,
      (first) => first === 0,
      (first, second) => first === second,
    ),
  };
}

// Units of each combination, as many of every one: of attribute values i and j at place 2i + j.
function combinations(
  attributes: readonly [Attribute, Attribute],
  units: Units,
  seed: number,
  { of, most }: { of: "train" | "test"; most: number },
): number[][] {
  const lists: number[][] = [[], [], [], []];
  const places = attributes.map(({ column, values }) =>
    values.map((value) => placeOf(column, value))
  );
  for (let unit = 0; unit < units.count; unit++) {
    if (!units.takesPart(unit)) continue;
    if (units.isTest(unit) !== (of === "test")) continue;
    const [i, j] = attributes.map(({ column }, a) => {
      const classes = column.classesOf(unit);
      return places[a].findIndex((place) => classes.includes(place));
    });
    if (i >= 0 && j >= 0) lists[2 * i + j].push(unit);
  }
  const count = Math.min(most, ...lists.map(({ length }) => length));
  if (count < FEWEST_TEST) {
    throw new DbksvdError(
      "data",
      `Only ${count} rows of a combination of --scr are there for the ${of}`,
      { mend: `it takes ${FEWEST_TEST} at least, better 250` },
    );
  }
  return lists.map((list, i) => {
    const random = randomStream(seed, "probe", "scr", of, i);
    const left = [...list];
    for (let at = 0; at < count; at++) {
      const other = at + random.integer(left.length - at);
      [left[at], left[other]] = [left[other], left[at]];
    }
    return left.slice(0, count);
  });
}

function labelled(
  lists: readonly number[][],
  positive: (a: number, b: number) => boolean,
  takesPart: (a: number, b: number) => boolean,
): LabelledUnits {
  const units: number[] = [], decided: number[] = [];
  lists.forEach((list, at) => {
    const a = at >> 1, b = at & 1;
    if (!takesPart(a, b)) return;
    for (const unit of list) {
      units.push(unit);
      decided.push(positive(a, b) ? 1 : 0);
    }
  });
  return { units: Uint32Array.from(units), positive: Uint8Array.from(decided) };
}

function placeOf({ classes, name }: ClassColumn, value: string): number {
  const place = classes.indexOf(value);
  if (place >= 0) return place;
  throw new DbksvdError("data", `No row has "${value}"`, {
    where: { column: name },
    mend: `choose from: ${classes.slice(0, 20).join(", ")}`,
  });
}
