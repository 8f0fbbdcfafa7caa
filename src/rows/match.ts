import type { ParquetQueryFilter } from "hyparquet";
import { matchFilter } from "hyparquet/src/filter.js";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";

/** Whole numbers beyond this no column holds. */
const MOST_WHOLE = 2 ** 64;

/**
 * A filter as columns' values are compared by it: whole numbers of 64 bits as the numbers that filters are written
 * with, or as texts where these are beyond 2⁵³; dates by their time, for which texts as `2024-01-31` stand.
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
  const asked = targets(where, (path) => kindIn(columns, path));
  return (row) => {
    const record = names.map((name) => [name, comparable(columns[name][row])]);
    return matchFilter(
      Object.fromEntries(record),
      asked as ParquetQueryFilter,
    );
  };
}

type Kind = "date" | "whole" | undefined;

// What a column, or a part of it, holds: its first value tells.
function kindIn(
  columns: Readonly<Record<string, readonly unknown[]>>,
  path: string,
): Kind {
  const [name, ...parts] = path.split(".");
  for (const value of columns[name] ?? []) {
    let found: unknown = value;
    for (const part of parts) {
      found = isJsonObject(found) ? found[part] : undefined;
    }
    if (Array.isArray(found)) found = found.find((one) => one != null);
    if (found instanceof Date) return "date";
    if (typeof found === "bigint") return "whole";
    if (found != null) return undefined;
  }
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

// What is under a column's name is of its kind, whatever operators lie between.
function targets(
  part: unknown,
  kindOf: (path: string) => Kind,
  kind?: Kind,
): unknown {
  if (Array.isArray(part)) {
    return part.map((one) => targets(one, kindOf, kind));
  }
  if (part instanceof Date) return part.getTime();
  if (isJsonObject(part)) {
    return Object.fromEntries(
      Object.entries(part).map(([name, inner]) => [
        name,
        targets(inner, kindOf, name.startsWith("$") ? kind : kindOf(name)),
      ]),
    );
  }
  if (kind === "date" && typeof part === "string") return timeOf(part);
  return kind === "whole" ? wholeOf(part) : comparable(part);
}

function wholeOf(part: unknown): unknown {
  if (typeof part === "string" && /^-?\d+$/.test(part)) {
    return comparable(BigInt(part));
  }
  const isRounded = Number.isInteger(part) && !Number.isSafeInteger(part);
  if (!isRounded || Math.abs(part as number) > MOST_WHOLE) {
    return comparable(part);
  }
  throw new DbksvdError(
    "usage",
    `--where cannot be used, ${part} is beyond what numbers in JSON hold`,
    { mend: 'write it as a text: "12345678901234567890"' },
  );
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
