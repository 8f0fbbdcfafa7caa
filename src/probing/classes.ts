import { DbksvdError } from "../errors.ts";
import type { RowSource } from "../rows/source.ts";

/** Rows whose labels are read at a time. */
const ROWS_AT_ONCE = 65536;

/** Most distinct whole numbers that count as classes. */
const MOST_NUMBERS = 64;

/** Most distinct names that count as classes. */
const MOST_NAMES = 10_000;

/** The classes of every row by one column. */
export interface ClassColumn {
  /** The column. */
  name: string;
  /** The classes, in order of their names. */
  classes: string[];
  /**
   * The classes of row i, as places in `classes`: none where the row has no label, several where its value is a list.
   */
  classesOf(row: number): Uint32Array;
}

/**
 * Reads columns whose values are classes: text, booleans, whole numbers of at most 64 values; or lists of these,
 * where a row is of every class in its list. Where rows are nested (tokens of a text), a list has a label for each of
 * them.
 *
 * @param source the rows
 * @param names the columns
 * @throws {DbksvdError} `data` where a column is missing or holds something else, with what would do
 */
export async function readClasses(
  source: RowSource,
  names: readonly string[],
): Promise<ClassColumn[]> {
  const { readColumns } = source;
  if (readColumns === undefined) {
    throw new DbksvdError("data", "The inputs have no columns with classes", {
      where: { file: source.files[0]?.path },
      mend: "give Parquet files, or a file of labels with --labels",
    });
  }
  const columns = names.map((name) => new ClassReader(name, source.rowCount));
  for (let start = 0; start < source.rowCount; start += ROWS_AT_ONCE) {
    const end = Math.min(source.rowCount, start + ROWS_AT_ONCE);
    const read = await readColumns.call(source, names, { start, end });
    const items = (await source.readItems?.({ start, end }))?.items;
    columns.forEach((column, c) => column.add(read[c].values, items));
  }
  return columns.map((column) => column.finish());
}

/** Puts the labels of one column together, row after row. */
export class ClassReader {
  readonly #name: string;
  readonly #numbers = new Map<string, number>();
  readonly #starts: Uint32Array;
  #ids: number[] = [];
  #rows = 0;
  #integers = false;
  /** The list that nested rows get their labels from just now, and how many of them came. */
  #list: { labels: number; rows: number } | undefined;

  constructor(name: string, rows: number) {
    this.#name = name;
    this.#starts = new Uint32Array(rows + 1);
  }

  /** Adds the next rows' values; `items` are their places within nested rows. */
  add(values: readonly unknown[], items?: Int32Array): void {
    values.forEach((value, i) => {
      if (items !== undefined) this.#count(value, items[i]);
      const own = items !== undefined && Array.isArray(value)
        ? value[items[i]]
        : value;
      const labels = Array.isArray(own) ? own : [own];
      // A row is of a class or not, however often its list names it.
      const ids = new Set(labels.map((label) => this.#idOf(label)));
      for (const id of ids) if (id !== undefined) this.#ids.push(id);
      this.#starts[++this.#rows] = this.#ids.length;
    });
  }

  #count(value: unknown, item: number): void {
    if (item === 0) {
      this.#checkList(false);
      this.#list = Array.isArray(value)
        ? { labels: value.length, rows: 0 }
        : undefined;
    }
    if (this.#list !== undefined) this.#list.rows++;
  }

  // A list of a text's topics, say, would name its first tokens; that of the last one may be cut off by --max-rows.
  #checkList(isLast: boolean): void {
    const { labels = 0, rows = 0 } = this.#list ?? {};
    if (labels === 0 || labels === rows || isLast && labels > rows) return;
    throw this.#refusal(
      `has a list of ${labels} for ${rows} nested rows`,
      "give one label for all of them, or a list with one for each",
    );
  }

  /** The column, its classes in order. */
  finish(): ClassColumn {
    this.#checkList(true);
    const classes = [...this.#numbers.keys()].sort(byName);
    const place = new Map(classes.map((name, c) => [name, c]));
    const placeOf = new Uint32Array(classes.length);
    for (const [name, id] of this.#numbers) placeOf[id] = place.get(name)!;
    const ids = Uint32Array.from(this.#ids, (id) => placeOf[id]);
    const starts = this.#starts;
    return {
      name: this.#name,
      classes,
      classesOf: (row) => ids.subarray(starts[row], starts[row + 1]),
    };
  }

  #idOf(label: unknown): number | undefined {
    const text = this.#textOf(label);
    if (text === undefined) return undefined;
    let id = this.#numbers.get(text);
    if (id === undefined) {
      id = this.#numbers.size;
      this.#numbers.set(text, id);
      this.#checkSize();
    }
    return id;
  }

  #textOf(label: unknown): string | undefined {
    if (label === null || label === undefined || label === "") return undefined;
    if (typeof label === "string") return label;
    if (typeof label === "boolean") return String(label);
    if (typeof label === "bigint" || Number.isInteger(label)) {
      this.#integers = true;
      return String(label);
    }
    if (Number.isNaN(label)) return undefined;
    throw this.#refusal(
      "holds values that are no classes",
      "give a column of text, booleans or whole numbers; put other numbers into bins first",
    );
  }

  #checkSize(): void {
    if (this.#integers && this.#numbers.size > MOST_NUMBERS) {
      throw this.#refusal(
        `holds more than ${MOST_NUMBERS} different numbers`,
        "put them into bins first",
      );
    }
    if (this.#numbers.size > MOST_NAMES) {
      throw this.#refusal(
        `holds more than ${MOST_NAMES} different values`,
        "give a column of classes, such as a topic or a part of speech",
      );
    }
  }

  #refusal(what: string, mend: string): DbksvdError {
    return new DbksvdError("data", `The column ${what}`, {
      where: { column: this.#name, row: this.#rows },
      mend,
    });
  }
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
