import type { TokenTexts } from "../files/tokenizer.ts";
import type { RowSource } from "../rows/source.ts";
import { columnsOf } from "../use/kept_columns.ts";
import { NEIGHBOURS } from "./contexts.ts";
import type { FoundText } from "./latent_rows.ts";

/** The longest text that is kept of a row: pages and tables show its beginning. */
const LONGEST_TEXT = 1000;

/** Where rows' texts are. */
export interface TextColumn {
  /** A text for every row; where rows are tokens, a list of their texts or ids. */
  column: string;
  /** What ids stand for. */
  tokens?: TokenTexts | undefined;
}

/**
 * Texts of rows from a column. Where rows are nested (tokens of a text) and the column holds a list, a row's text is
 * its own token, and its neighbours stand before and after.
 *
 * @param source the rows
 * @param text the text column
 * @param rowNumbers which rows, rising
 * @param reach tokens shown on each side of a token
 */
export async function textsOf(
  source: RowSource,
  { column, tokens }: TextColumn,
  rowNumbers: Float64Array,
  reach = NEIGHBOURS,
): Promise<FoundText[]> {
  if (rowNumbers.length === 0) return [];
  const [{ values }] = await columnsOf(source, [column], rowNumbers);
  const start = rowNumbers[0];
  const end = rowNumbers[rowNumbers.length - 1] + 1;
  const places = await source.readItems?.({ start, end });
  return values.map((value, i) => {
    const item = places?.items[rowNumbers[i] - start];
    return item !== undefined && (Array.isArray(value) || isIds(value))
      ? tokenText(pieces(value, { item, reach }, tokens))
      : { text: cut(textOf(value, tokens)), before: "", after: "" };
  });
}

function isIds(value: unknown): value is ArrayLike<number> & Iterable<number> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) &&
    !(value instanceof Uint8Array);
}

/** The tokens of a context, in order, and which of them is the row's own. */
interface Pieces {
  tokens: string[];
  at: number;
}

function pieces(
  value: Iterable<unknown>,
  { item, reach }: { item: number; reach: number },
  names?: TokenTexts,
): Pieces {
  const from = Math.max(0, item - reach);
  const all = [...value];
  const shown = all.slice(from, item + 1 + reach);
  const tokens = names !== undefined && shown.every(isId)
    ? shown.map((id) => names.text(Number(id)))
    : asInText(shown.map((token) => textOf(token)), all);
  return { tokens, at: item - from };
}

function isId(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint";
}

/**
 * Tokens with the spaces that stand before them: byte-level BPE writes one as Ġ (a line's end as Ċ), SentencePiece as
 * ▁; WordPiece marks what goes on with ##, and plain lists of words have none.
 */
function asInText(tokens: string[], all: readonly unknown[]): string[] {
  const some = (mark: RegExp) =>
    all.some((token) => typeof token === "string" && mark.test(token));
  if (some(/^[\s▁Ġ]/)) {
    return tokens.map((token) =>
      token.replace(/[Ġ▁]/g, " ").replaceAll("Ċ", "\n")
    );
  }
  const parts = some(/^##/);
  return tokens.map((token, i) =>
    parts && token.startsWith("##")
      ? token.slice(2)
      : i === 0
      ? token
      : ` ${token}`
  );
}

function tokenText({ tokens, at }: Pieces): FoundText {
  return {
    text: tokens[at] ?? "",
    before: tokens.slice(0, at).join(""),
    after: tokens.slice(at + 1).join(""),
    tokens,
    at,
  };
}

function textOf(value: unknown, names?: TokenTexts): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (names !== undefined && (Array.isArray(value) || isIds(value))) {
    const ids = Array.from(value, Number);
    if (ids.every(Number.isInteger)) return names.join(ids);
  }
  return typeof value === "object"
    ? JSON.stringify(
      value,
      (_, inner) => typeof inner === "bigint" ? String(inner) : inner,
    )
    : String(value);
}

// Cut between characters.
function cut(text: string): string {
  return text.length <= LONGEST_TEXT
    ? text
    : `${[...text.slice(0, LONGEST_TEXT)].slice(0, -1).join("")}…`;
}
