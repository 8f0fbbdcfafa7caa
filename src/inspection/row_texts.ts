import type { RowSource } from "../rows/source.ts";
import { columnsOf } from "../use/codes_file.ts";
import type { RowText } from "./top_rows.ts";

/** Tokens shown on each side of a token. */
const NEIGHBOURS = 8;

/**
 * Texts of rows from a column. Where rows are nested (tokens of a text) and the column holds a list, a row's text is its
 * own token, and its neighbours stand before and after.
 *
 * @param source the rows
 * @param column the text column
 * @param rowNumbers which rows, rising
 */
export async function textsOf(
  source: RowSource,
  column: string,
  rowNumbers: Float64Array,
): Promise<RowText[]> {
  if (rowNumbers.length === 0) return [];
  const [{ values }] = await columnsOf(source, [column], rowNumbers);
  const start = rowNumbers[0];
  const end = rowNumbers[rowNumbers.length - 1] + 1;
  const places = await source.readItems?.({ start, end });
  return values.map((value, i) => {
    const item = places?.items[rowNumbers[i] - start];
    return item !== undefined && Array.isArray(value)
      ? tokenText(value.map(textOf), item)
      : { text: textOf(value), before: "", after: "" };
  });
}

function tokenText(tokens: string[], item: number): RowText {
  const spaced = tokens.some((token) => /^[\s▁Ġ]/.test(token));
  const join = (part: string[]) => part.join(spaced ? "" : " ");
  return {
    text: tokens[item] ?? "",
    before: join(tokens.slice(Math.max(0, item - NEIGHBOURS), item)),
    after: join(tokens.slice(item + 1, item + 1 + NEIGHBOURS)),
  };
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object"
    ? JSON.stringify(
      value,
      (_, inner) => typeof inner === "bigint" ? String(inner) : inner,
    )
    : String(value);
}
