import type { SchemaElement } from "hyparquet";
import { DbksvdError } from "../errors.ts";
import type { ColumnValues, RowSource } from "../rows/source.ts";
import { rangeOf } from "./codes.ts";

/** Other columns for some rows, in their order; `exact` as in `RowSource.readColumns`. */
export async function columnsOf(
  source: RowSource,
  names: readonly string[],
  rowNumbers: Float64Array,
  exact = false,
): Promise<ColumnValues[]> {
  if (source.readColumns === undefined) {
    throw new DbksvdError("usage", "The rows have no other columns", {
      where: { file: source.files[0]?.path, column: names[0] },
      mend: "only Parquet files hold columns to keep",
    });
  }
  const range = rangeOf(rowNumbers);
  const columns = await source.readColumns(names, range, exact);
  if (range.end - range.start === rowNumbers.length) return columns;
  return columns.map((column) => ({
    ...column,
    values: Array.from(rowNumbers, (row) => column.values[row - range.start]),
  }));
}

/**
 * The schemas of columns to keep beside codes.
 *
 * @throws {DbksvdError} `usage` where one is named as the codes' own, or twice
 */
export async function keptSchemas(
  source: RowSource,
  keep: readonly string[],
): Promise<SchemaElement[][]> {
  const taken = new Set([
    "row",
    "item",
    "indices",
    "values",
    "codes",
    "residual",
  ]);
  for (const name of keep) {
    if (!taken.has(name)) {
      taken.add(name);
      continue;
    }
    throw new DbksvdError("usage", `Column "${name}" cannot be kept`, {
      mend: "its name is used by the codes, or was given twice",
    });
  }
  if (keep.length === 0) return [];
  // Of all files where these can say, so that one that differs is found before anything is coded.
  const all = await source.otherColumns?.(keep) ?? [];
  const known = keep.map((name) => all.find((one) => one.name === name));
  const columns = known.includes(undefined)
    ? await columnsOf(source, keep, Float64Array.of(0), true)
    : known;
  return columns.map((column) => column!.schema as SchemaElement[]);
}
