import { basename, extname } from "node:path";
import { parse } from "csv-parse/sync";
import { DbksvdError } from "../errors.ts";
import { LocalFile } from "../files/bytes.ts";
import { readTextFile } from "../files/text.ts";
import { sameName } from "../parquet/read/chunk.ts";
import { readFooter } from "../parquet/read/footer.ts";
import { SideColumns } from "../rows/formats/parquet/side.ts";
import type { RowSource } from "../rows/source.ts";

/** What a footer, and the columns of a row group, may take in memory. */
const BUDGET = 2 ** 28;

/** What a file of labels in text may take. */
const TEXT_BYTES = 2 ** 30;

/**
 * A source whose class columns come out of a file of labels, a row for each of its rows in stored order: for inputs
 * that have no columns, such as .npy and safetensors.
 *
 * @param source the rows
 * @param path a Parquet file; a .csv or .tsv file with a line of names; or a .txt file with a label a line, for one
 * column
 * @param names the columns
 * @throws {DbksvdError} `data` where the file has other columns, or not as many rows; `usage` for another kind of file
 */
export async function withLabelFile(
  source: RowSource,
  path: string,
  names: readonly string[],
): Promise<RowSource> {
  const columns = await readLabels(path, names, source.rowCount);
  for (const name of names) {
    const { length } = columns[name];
    if (length === source.rowCount) continue;
    throw new DbksvdError(
      "data",
      `There are ${length} labels for ${source.rowCount} rows`,
      {
        where: { file: path, column: name },
        mend: "give a file with a label, or nothing, for every row",
      },
    );
  }
  return {
    width: source.width,
    rowCount: source.rowCount,
    files: source.files,
    get dropped() {
      return source.dropped;
    },
    batches: (size, options) => source.batches(size, options),
    read: (range) => source.read(range),
    readItems: source.readItems && ((range) => source.readItems!(range)),
    readColumns: async (wanted, range) => {
      const others = wanted.filter((name) => !(name in columns));
      const read = others.length === 0
        ? []
        : await source.readColumns?.(others, range) ?? [];
      const values = (name: string) =>
        columns[name].slice(range.start, range.end);
      return wanted.map((name) =>
        read.find((one) => one.name === name) ??
          { name, schema: [], values: values(name) }
      );
    },
    close: () => source.close(),
    [Symbol.asyncDispose]: () => source.close(),
  };
}

async function readLabels(
  path: string,
  names: readonly string[],
  count: number,
): Promise<Record<string, unknown[]>> {
  switch (extname(path).toLowerCase()) {
    case ".parquet":
      return await parquetLabels(path, names);
    case ".csv":
      return tableLabels(
        path,
        names,
        await readTextFile(path, TEXT_BYTES),
        { delimiter: ",", count },
      );
    case ".tsv":
      return tableLabels(
        path,
        names,
        await readTextFile(path, TEXT_BYTES),
        { delimiter: "\t", count },
      );
    case ".txt":
      return lineLabels(path, names, await readTextFile(path, TEXT_BYTES));
  }
  throw new DbksvdError("usage", `--labels is "${basename(path)}"`, {
    mend: "it takes a .parquet, .csv, .tsv or .txt file",
  });
}

async function parquetLabels(
  path: string,
  names: readonly string[],
): Promise<Record<string, unknown[]>> {
  const file = new LocalFile(path);
  try {
    const { metadata } = await readFooter(file, BUDGET);
    const side = new SideColumns(file, [], BUDGET);
    const known = (await side.columns()).map(({ name }) => name);
    requireColumns(path, names, known);
    const end = Number(metadata.num_rows);
    return await side.read(names, { start: 0, end });
  } finally {
    file.close();
  }
}

function tableLabels(
  path: string,
  names: readonly string[],
  text: string,
  { delimiter, count }: { delimiter: string; count: number },
): Record<string, unknown[]> {
  let rows: string[][];
  try {
    const read = (skip_empty_lines: boolean) =>
      parse(text, { delimiter, bom: true, skip_empty_lines });
    rows = read(true);
    if (rows[0]?.length === 1) rows = singleColumn(read(false), count);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DbksvdError("data", `The labels cannot be read: ${reason}`, {
      where: { file: path },
      mend: "give a table with a line of column names",
      cause,
    });
  }
  const [head = [], ...lines] = rows;
  requireColumns(path, names, head);
  for (const name of names) {
    if (head.indexOf(name) === head.lastIndexOf(name)) continue;
    throw sameName({ file: path, column: name });
  }
  return Object.fromEntries(names.map((name) => {
    const at = head.indexOf(name);
    return [name, lines.map((line) => line[at])];
  }));
}

// An empty line of a single column is a row without a label, but for those before the column's name, and those at the
// end that no row is there for.
function singleColumn(lines: string[][], count: number): string[][] {
  const rows = lines.slice(lines.findIndex(([text]) => text !== ""));
  while (rows.length > 1 + count && rows.at(-1)![0] === "") rows.pop();
  return rows;
}

function lineLabels(
  path: string,
  names: readonly string[],
  text: string,
): Record<string, unknown[]> {
  if (names.length !== 1) {
    throw new DbksvdError(
      "usage",
      "A .txt file holds the labels of one --class",
      {
        where: { file: path },
        mend: "give a .csv or Parquet file with a column for each",
      },
    );
  }
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return { [names[0]]: lines };
}

function requireColumns(
  path: string,
  names: readonly string[],
  known: readonly string[],
): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new DbksvdError("data", "No such column", {
      where: { file: path, column: name },
      mend: `choose from: ${known.join(", ") || "there is none"}`,
    });
  }
}
