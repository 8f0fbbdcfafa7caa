import type { ParquetQueryFilter } from "hyparquet";
import { matchFilter } from "hyparquet/src/filter.js";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";

/**
 * A filter as columns' values are compared by it: whole numbers of 64 bits as the numbers that filters are written
 * with, dates by their time, for which texts as `2024-01-31` stand.
 *
 * @param where the filter
 * @param columns values of the columns that it names
 * @returns whether a row of these matches
 */
export function matcherOf(
  where: ParquetQueryFilter,
  columns: Readonly<Record<string, readonly unknown[]>>,
): (row: number) => boolean {
  const names = Object.keys(columns);
  const dates = names.filter((name) =>
    columns[name].find((value) => value != null) instanceof Date
  );
  const asked = targets(where, dates) as ParquetQueryFilter;
  return (row) => {
    const record = names.map((name) => [name, comparable(columns[name][row])]);
    return matchFilter(Object.fromEntries(record), asked);
  };
}

function comparable(value: unknown): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) return value.map(comparable);
  if (!isJsonObject(value) || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, comparable(part)]),
  );
}

// What is under a column of dates is a date, whatever operators lie between.
function targets(
  part: unknown,
  dates: readonly string[],
  dated = false,
): unknown {
  if (Array.isArray(part)) {
    return part.map((one) => targets(one, dates, dated));
  }
  if (part instanceof Date) return part.getTime();
  if (isJsonObject(part)) {
    return Object.fromEntries(
      Object.entries(part).map(([name, inner]) => [
        name,
        targets(inner, dates, dated || dates.includes(name)),
      ]),
    );
  }
  return dated && typeof part === "string" ? timeOf(part) : comparable(part);
}

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new DbksvdError(
    "usage",
    `--where cannot be used, "${text}" is no date`,
    {
      mend: "write dates as 2024-01-31 or 2024-01-31T12:00:00Z",
    },
  );
}
