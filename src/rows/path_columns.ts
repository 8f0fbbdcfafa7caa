import type { SchemaElement } from "hyparquet";
import type { Part, TableColumn, TablePlace } from "./part.ts";

/** The column that holds the name of a row's file. */
export const FILE_COLUMN = "@file";

/** What Hive and its kin write for a missing value. */
const NO_VALUE = "__HIVE_DEFAULT_PARTITION__";

type Value = string | number | null;

/** The columns that folders' names make, as `layer=12/`, of some files: of whole numbers where all files have such. */
export class PathColumns {
  readonly #numbers = new Set<string>();
  readonly #names = new Set<string>();
  readonly #noticed = new Set<string>();

  /**
   * @param paths all files, or their addresses
   * @param onNotice called with a column that the files have themselves
   */
  constructor(
    paths: readonly string[],
    readonly onNotice?: (notice: string) => void,
  ) {
    const texts = new Map<string, (string | null)[]>();
    for (const path of paths) {
      for (const [name, value] of pairsOf(path)) {
        texts.set(name, [...texts.get(name) ?? [], value]);
      }
    }
    for (const [name, values] of texts) {
      this.#names.add(name);
      const whole = values.every((value) =>
        value === null || /^-?\d{1,9}$/.test(value)
      );
      if (whole) this.#numbers.add(name);
    }
  }

  /** A part's table with the columns of its file's path; one of these alone where the part has none. */
  tableOf(part: Part, path: string): TablePlace {
    const values = this.#valuesOf(path);
    const extra = [...values.keys()].map((name) => ({
      name,
      schema: [schemaOf(name, this.#numbers.has(name))],
    }));
    const own = part.table;
    if (own === undefined) {
      return {
        start: 0,
        rows: part.rows,
        columns: () => Promise.resolve(extra),
        readColumns: (names, { start, end }) =>
          Promise.resolve(repeated(names, values, end - start)),
      };
    }
    return {
      ...own,
      columns: async () => {
        const real = await own.columns();
        return [...real, ...this.#without(extra, real)];
      },
      readColumns: async (names, range, exact) => {
        const real = await own.columns();
        const has = (name: string) => real.some((one) => one.name === name);
        const rest = names.filter((name) => !has(name));
        return {
          ...await own.readColumns(names.filter(has), range, exact),
          ...repeated(rest, values, range.end - range.start),
        };
      },
    };
  }

  // A real column wins.
  #without(extra: readonly TableColumn[], real: readonly TableColumn[]) {
    return extra.filter(({ name }) => {
      if (!real.some((one) => one.name === name)) return true;
      if (!this.#noticed.has(name)) {
        this.onNotice?.(
          `The column "${name}" is the files' own, not that of the folders "${name}=…"`,
        );
      }
      this.#noticed.add(name);
      return false;
    });
  }

  #valuesOf(path: string): Map<string, Value> {
    const own = new Map(pairsOf(path));
    const values = new Map<string, Value>([[FILE_COLUMN, path]]);
    for (const name of this.#names) {
      const text = own.get(name) ?? null;
      values.set(
        name,
        text !== null && this.#numbers.has(name) ? Number(text) : text,
      );
    }
    return values;
  }
}

// Names and values of the folders in a path.
function pairsOf(path: string): [string, string | null][] {
  return path.split("/").slice(0, -1).flatMap((folder) => {
    const at = folder.indexOf("=");
    if (at <= 0) return [];
    const value = decoded(folder.slice(at + 1));
    const name = decoded(folder.slice(0, at));
    return [
      [name, value === NO_VALUE ? null : value] as [string, string | null],
    ];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function repeated(
  names: readonly string[],
  values: ReadonlyMap<string, Value>,
  count: number,
): Record<string, unknown[]> {
  return Object.fromEntries(
    names.map((name) => [name, new Array(count).fill(values.get(name))]),
  );
}

function schemaOf(name: string, whole: boolean): SchemaElement {
  return whole ? { name, repetition_type: "OPTIONAL", type: "INT32" } : {
    name,
    repetition_type: "OPTIONAL",
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
  };
}
