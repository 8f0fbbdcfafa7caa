import { randomStream } from "../random.ts";
import { chooseRows, RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { valueKey } from "../rows/value_key.ts";
import type { ClassColumn } from "./classes.ts";
import type { Units } from "./draw.ts";

/** Rows whose groups are read at a time. */
const ROWS_AT_ONCE = 65536;

/** How rows become what is probed, and which of it is the test. */
export interface UnitOptions {
  seed: number;
  /** Rows with the same value of this column stay on one side of the split. */
  byGroup?: string | undefined;
  /** Probe the mean of each group in place of its rows. */
  pool: boolean;
  /** Share of the groups (rows, where there are none) in the test. */
  testShare: number;
  /** The rows of the test, in place of a share. */
  test?: RowSet | undefined;
  /** Rows that take part; all by default. */
  only?: RowSet | undefined;
}

/** What is probed, with the way from rows to it. */
export interface RowUnits extends Units {
  /** Whether a unit is a group of rows. */
  readonly pooled: boolean;
  /** The unit of a row. */
  unitOf(row: number): number;
  /** A column's classes, unit by unit: with pooling those of all of its rows. */
  classesOf(column: ClassColumn): ClassColumn;
}

/**
 * Groups rows and splits the groups. Nested rows (tokens of a text) without a column to group by are grouped by what
 * they are in.
 */
export async function readUnits(
  source: RowSource,
  options: UnitOptions,
): Promise<RowUnits> {
  const groups = await readGroups(source, options.byGroup);
  const groupOf = (row: number) => groups?.of[row] ?? row;
  const count = groups?.count ?? source.rowCount;
  const test = options.test === undefined
    ? chooseRows(
      count,
      Math.round(options.testShare * count),
      randomStream(options.seed, "probe", "split"),
    )
    : groupsWith(options.test, source.rowCount, groupOf, count);
  const takesPart = (row: number) => options.only?.has(row) ?? true;
  if (!options.pool) {
    return {
      count: source.rowCount,
      pooled: false,
      unitOf: (row) => row,
      takesPart,
      isTest: (row) => test.has(groupOf(row)),
      classesOf: (column) => column,
    };
  }
  const taking = new Uint8Array(count);
  for (let row = 0; row < source.rowCount; row++) {
    if (takesPart(row)) taking[groupOf(row)] = 1;
  }
  return {
    count,
    pooled: true,
    unitOf: groupOf,
    takesPart: (group) => taking[group] === 1,
    isTest: (group) => test.has(group),
    classesOf: (column) => pooled(column, source.rowCount, groupOf, count),
  };
}

// The groups of some rows.
function groupsWith(
  rows: RowSet,
  rowCount: number,
  groupOf: (row: number) => number,
  count: number,
): RowSet {
  const groups = new RowBits(count);
  for (let row = 0; row < rowCount; row++) {
    if (rows.has(row)) groups.add(groupOf(row));
  }
  return groups;
}

async function readGroups(
  source: RowSource,
  column: string | undefined,
): Promise<{ of: Uint32Array; count: number } | undefined> {
  const { readColumns, readItems, rowCount } = source;
  if (column === undefined && readItems === undefined) return undefined;
  const of = new Uint32Array(rowCount);
  const numbers = new Map<unknown, number>();
  const numberOf = (value: unknown) => {
    const key = valueKey(value);
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  };
  for (let start = 0; start < rowCount; start += ROWS_AT_ONCE) {
    const end = Math.min(rowCount, start + ROWS_AT_ONCE);
    const range = { start, end };
    const values: ArrayLike<unknown> = column === undefined
      ? (await readItems!.call(source, range)).rows
      : (await readColumns!.call(source, [column], range))[0].values;
    for (let i = 0; i < values.length; i++) of[start + i] = numberOf(values[i]);
  }
  return { of, count: numbers.size };
}

function pooled(
  column: ClassColumn,
  rows: number,
  groupOf: (row: number) => number,
  count: number,
): ClassColumn {
  const sets: (Set<number> | undefined)[] = Array(count);
  for (let row = 0; row < rows; row++) {
    const classes = column.classesOf(row), group = groupOf(row);
    for (const c of classes) (sets[group] ??= new Set()).add(c);
  }
  const lists = sets.map((set) =>
    Uint32Array.from([...set ?? []].sort((a, b) => a - b))
  );
  const none = new Uint32Array(0);
  return {
    name: column.name,
    classes: column.classes,
    classesOf: (group) => lists[group] ?? none,
  };
}
