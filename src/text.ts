/** A whole number with its thousands set apart: 12 345. */
export function count(value: number): string {
  return grouped(value, " ");
}

/** The same for pages, where no line may break within it. */
export function unbrokenCount(value: number): string {
  return grouped(value, "\u00a0");
}

function grouped(value: number, apart: string): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, apart);
}

/** A number to four significant digits, or a dash where there is none. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  return Number.isInteger(value) ? count(value) : `${+value.toPrecision(4)}`;
}

/** Seconds as a person says them: 8 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}

/** An option's value in a table; one that is left out takes its default. */
export function valueWord(value: unknown): string {
  if (value === null || value === undefined) return "default";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Columns of cells as lines of text; all but the first column, and a last one of prose, flush right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { prose = false } = {},
): string {
  // A name may hold line ends, which would break the table.
  const all = [head, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll(/[\n\r\t]/g, " "))
  );
  const widths = head.map((_, c) =>
    Math.max(...all.map((row) => width(row[c] ?? "")))
  );
  return all.map((row) =>
    head.map((_, c) => {
      const cell = row[c] ?? "";
      const pad = " ".repeat(widths[c] - width(cell));
      const isText = c === 0 || prose && c === head.length - 1;
      return isText ? cell + pad : pad + cell;
    }).join("  ").trimEnd()
  ).join("\n");
}

function width(text: string): number {
  return [...text].length;
}

/** How many of a thing there are: "1 pass", "9 000 rows". */
export function counted(
  number: number,
  one: string,
  several: string = `${one}s`,
): string {
  return `${count(number)} ${number === 1 ? one : several}`;
}
