import { DbksvdError } from "../errors.ts";
import type { RowRange } from "./block_store.ts";
import type { TableColumn, TablePlace } from "./part.ts";
import { FILE_COLUMN } from "./path_columns.ts";
import type { ColumnValues } from "./source.ts";
import type { PartStore } from "./store.ts";
import { exactSchema, requireSameType, withMissing } from "./column_types.ts";
import { placed, type PlacedPart } from "./placed.ts";

/** Other columns of rows of a store, each row's value at its place: see `RowSource.readColumns`. */
export async function readColumns(
  store: PartStore,
  names: readonly string[],
  range: RowRange,
  exact = false,
): Promise<ColumnValues[]> {
  const columns = new Map<string, ColumnValues>();
  const first = exact ? firstOf(store) : undefined;
  for (const { at, start, end } of store.overlaps(range)) {
    const read = () => readPart(at, names, { start, end }, { exact, first });
    for (const column of await placed(at.place, at.part, read)) {
      const held = columns.get(column.name);
      if (held === undefined) columns.set(column.name, column);
      else for (const value of column.values) held.values.push(value);
    }
  }
  return names.map((name) =>
    columns.get(name) ?? { name, schema: [], values: [] }
  );
}

/** The columns beside the vectors, as the first part with rows has them. */
export async function otherColumns(store: PartStore): Promise<TableColumn[]> {
  const at = firstOf(store);
  if (at === undefined) return [];
  const read = () => tableOf(at).columns();
  return (await placed(at.place, at.part, read))
    .filter(({ name }) => name !== FILE_COLUMN);
}

/** Files whose columns are looked up at a time. */
const FILES_AT_ONCE = 16;

/** Columns as they are kept exactly, of one type in all files, and optional where any file may lack values. */
export async function keptColumns(
  store: PartStore,
  names: readonly string[],
): Promise<TableColumn[]> {
  const files = new Map<string | undefined, PlacedPart>();
  for (const { at } of store.overlaps({ start: 0, end: store.rowCount })) {
    if (!files.has(at.place.file)) files.set(at.place.file, at);
  }
  const [first, ...others] = files.values();
  if (first === undefined) return [];
  const lookUp = async (at: PlacedPart) => {
    const read = () => tableOf(at).columns();
    const known = await placed(at.place, at.part, read);
    return names.map((name) => exactSchema(schemaOf(at, known, name)));
  };
  let found = await lookUp(first);
  for (let from = 0; from < others.length; from += FILES_AT_ONCE) {
    const some = others.slice(from, from + FILES_AT_ONCE);
    for (
      const [o, schemas] of (await Promise.all(some.map(lookUp))).entries()
    ) {
      found = found.map((schema, i) => {
        const where = { ...some[o].place, column: names[i] };
        requireSameType(where, schemas[i], schema, first.place.file);
        return withMissing(schema, schemas[i]);
      });
    }
  }
  return names.map((name, i) => ({ name, schema: found[i] }));
}

// The first part with rows.
function firstOf(store: PartStore): PlacedPart | undefined {
  for (const { at } of store.overlaps({ start: 0, end: store.rowCount })) {
    return at;
  }
}

async function readPart(
  at: PlacedPart,
  names: readonly string[],
  { start, end }: RowRange,
  { exact, first }: { exact: boolean; first: PlacedPart | undefined },
): Promise<ColumnValues[]> {
  const table = tableOf(at);
  const known = await table.columns();
  const stored = (
    part: PlacedPart,
    known: readonly TableColumn[],
    name: string,
  ) => {
    const schema = schemaOf(part, known, name);
    return exact ? exactSchema(schema) : schema;
  };
  const schemas = names.map((name) => stored(at, known, name));
  if (first !== undefined && first !== at) {
    const before = await tableOf(first).columns();
    names.forEach((name, i) =>
      requireSameType(
        { ...at.place, column: name },
        schemas[i],
        stored(first, before, name),
        first.place.file,
      )
    );
  }
  const starts = await table.nestedStarts?.();
  const outer = starts === undefined
    ? { start, end }
    : { start: outerOf(starts, start), end: outerOf(starts, end - 1) + 1 };
  const values = await table.readColumns(names, {
    start: table.start + outer.start,
    end: table.start + outer.end,
  }, exact);
  return names.map((name, i) => ({
    name,
    schema: schemas[i],
    values: starts === undefined
      ? values[name]
      : spread(values[name], starts, outer.start, { start, end }),
  }));
}

function schemaOf(
  { place, table }: PlacedPart,
  known: readonly TableColumn[],
  name: string,
) {
  const column = known.find((column) => column.name === name);
  if (column !== undefined) return column.schema;
  const unread = table?.unread?.get(name);
  if (unread !== undefined) {
    throw new DbksvdError(
      "data",
      `Column is of Arrow's type ${unread}, which is not read`,
      {
        where: { file: place.file, column: name },
        mend: "cast it to a number, a text, a date or a timestamp",
      },
    );
  }
  const names = listNames(known);
  throw new DbksvdError("data", "No such column", {
    where: { file: place.file, column: name },
    mend: `choose from: ${names || "there is no other column"}`,
  });
}

/** Columns' names for a message; a name from a file may hold anything. */
export function listNames(columns: readonly TableColumn[]): string {
  return columns.map(({ name }) => name.replace(/\p{Cc}/gu, "\uFFFD"))
    .join(", ");
}

function tableOf(at: PlacedPart): TablePlace {
  const { table } = at;
  if (table !== undefined) return table;
  throw new DbksvdError("data", "Input has no other columns", {
    where: at.place,
    mend: "give Parquet files",
  });
}

// Every inner row gets the value of its outer row.
function spread(
  values: readonly unknown[],
  starts: Uint32Array,
  firstOuter: number,
  { start, end }: RowRange,
): unknown[] {
  const all: unknown[] = [];
  for (let row = start, outer = firstOuter; row < end; row++) {
    while ((starts[outer + 1] ?? Infinity) <= row) outer++;
    all.push(values[outer - firstOuter]);
  }
  return all;
}

// The last outer row that begins at an inner row or before it; empty ones begin where the next one does.
function outerOf(starts: Uint32Array, row: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The stored row of every inner row, counted over all files, and its place within: see `RowSource.readItems`. */
export async function readItems(
  store: PartStore,
  tableRows: ReadonlyMap<PlacedPart, number>,
  range: RowRange,
): Promise<{ rows: Float64Array; items: Int32Array }> {
  const rows = new Float64Array(range.end - range.start);
  const items = new Int32Array(range.end - range.start);
  let to = 0;
  for (const { at, start, end } of store.overlaps(range)) {
    const starts = await placed(
      at.place,
      at.part,
      async () => await at.table!.nestedStarts!(),
    );
    let outer = outerOf(starts, start);
    for (let row = start; row < end; row++, to++) {
      while ((starts[outer + 1] ?? Infinity) <= row) outer++;
      rows[to] = tableRows.get(at)! + outer;
      items[to] = row - starts[outer];
    }
  }
  return { rows, items };
}
