import { markdownTable } from "../report.ts";
import type { LabelledSet } from "./data.ts";

/** Latents that probes go by. */
export const KS = [1, 5, 20];

/** What is measured of a model, by the title of its column; counts are shown without decimals. */
const COLUMNS: readonly [title: string, decimals: number][] = [
  ["FVU", 3],
  ...KS.map((k): [string, number] => [`top ${k}`, 3]),
  ["best F1", 3],
  ["densest", 3],
  ["dense latents", 0],
  ["absorbed", 3],
  ["wholly", 3],
  ["main F1", 3],
  ["in the loop", 3],
  ["steps", 0],
];

/** What one model comes to by one seed, by column. */
export type Row = Readonly<Record<string, number | undefined>>;

/** The table of a set: means over seeds, with the standard deviation of what is no count; what has no FVU last. */
export function sectionOf(
  set: LabelledSet,
  found: ReadonlyMap<string, readonly Row[]>,
): string {
  const lists = [...found.values()];
  const last = ([, [row]]: [string, readonly Row[]]) =>
    Number(row.FVU === undefined);
  const models = [...found].sort((a, b) => last(a) - last(b));
  const known = COLUMNS.filter(([title]) =>
    lists.flat().some((row) => row[title] !== undefined)
  );
  const table = markdownTable(
    ["", ...known.map(([title]) => title)],
    models.map(([name, list]) => [
      name,
      ...known.map(([title, decimals]) =>
        cellOf(list.map((row) => row[title]), decimals)
      ),
    ]),
  );
  const { name, data, width, atoms, sparsity } = set;
  return `**${name}** (${
    data.length / width
  } rows × ${width}, m = ${atoms}, k = ${sparsity})\n\n${table}`;
}

// Nothing where one of the seeds has no value.
function cellOf(
  values: readonly (number | undefined)[],
  decimals: number,
): string {
  if (values.some((value) => value === undefined)) return "";
  const all = values as number[], count = all.length;
  const mean = all.reduce((sum, value) => sum + value, 0) / count;
  const shown = (value: number) => value.toFixed(decimals).replace(/^0\./, ".");
  if (decimals === 0 || count < 2) return shown(mean);
  const square = all.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${shown(mean)} ± ${shown(Math.sqrt(square / (count - 1)))}`;
}
