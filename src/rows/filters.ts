import type { ParquetQueryFilter } from "hyparquet";
import { columnsNeededForFilter } from "hyparquet/src/filter.js";
import { DbksvdError } from "../errors.ts";
import { requireFilter } from "./check_filter.ts";
import { listNames } from "./columns.ts";
import { matcherOf } from "./match.ts";
import type { TablePlace } from "./part.ts";
import type { RowFilter } from "./prepare.ts";
import { RowBits } from "./row_set.ts";
import { placed, type PlacedPart } from "./placed.ts";

/** Rows whose other columns are read at once to be filtered. */
const FILTER_ROWS = 65536;

/** Keeps the rows whose other columns match a filter in hyparquet's form, such as `{ score: { $gte: 0.5 } }`. */
export function whereFilter(where: ParquetQueryFilter): RowFilter {
  requireFilter(where);
  const names = columnsNeededForFilter(where);
  return cached("where", async (at, table) => {
    const known = await table.columns();
    const missing = names.find((name) =>
      !known.some((column) => column.name === name)
    );
    if (missing !== undefined) {
      throw new DbksvdError("data", "No such column to filter by", {
        where: { ...at.place, column: missing },
        mend: `choose from: ${listNames(known) || "none"}`,
      });
    }
    const matching = new RowBits(table.rows);
    for (let row = 0; row < table.rows; row += FILTER_ROWS) {
      const start = table.start + row;
      const end = table.start + Math.min(table.rows, row + FILTER_ROWS);
      const values = await table.readColumns(names, { start, end });
      const matches = matcherOf(where, values);
      for (let i = 0; i < end - start; i++) {
        if (matches(i)) matching.add(row + i);
      }
    }
    if (table.nestedStarts === undefined) return matching;
    return innerRows(
      at,
      await table.nestedStarts(),
      (_, outer) => matching.has(outer),
    );
  });
}

/** Leaves out the first `count` vectors of every outer row of nested lists. */
export function skipItemsFilter(count: number): RowFilter {
  return cached("items", async (at, table) => {
    if (table.nestedStarts === undefined) {
      throw new DbksvdError("data", "Rows have no items to skip", {
        where: at.place,
        mend: "leave --skip-items out: it is for nested lists",
      });
    }
    return innerRows(at, await table.nestedStarts(), (item) => item >= count);
  });
}

function innerRows(
  { part }: PlacedPart,
  starts: Uint32Array,
  keeps: (item: number, outer: number) => boolean,
): RowBits {
  const kept = new RowBits(part.rows);
  starts.forEach((start, outer) => {
    const end = starts[outer + 1] ?? part.rows;
    for (let row = start; row < end; row++) {
      if (keeps(row - start, outer)) kept.add(row);
    }
  });
  return kept;
}

// Which rows of a part are kept is found out once.
function cached(
  reason: string,
  find: (at: PlacedPart, table: TablePlace) => Promise<RowBits>,
): RowFilter {
  const found = new Map<PlacedPart, Promise<RowBits>>();
  return {
    reason,
    async keeps(at) {
      const { table } = at;
      if (table === undefined) {
        throw new DbksvdError("data", "Inputs have no other columns", {
          where: at.place,
          mend: "filter rows of Parquet files only",
        });
      }
      if (!found.has(at)) {
        found.set(at, placed(at.place, at.part, () => find(at, table)));
      }
      const kept = await found.get(at)!;
      return (row) => kept.has(row);
    },
  };
}
