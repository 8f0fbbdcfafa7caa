import { DbksvdError } from "../errors.ts";
import type { FoundText } from "../inspection/latent_rows.ts";
import { type TextColumn, textsOf } from "../inspection/row_texts.ts";
import type { RowSource } from "../rows/source.ts";

/** Rows whose texts are read at a time lie within so many. */
const SPAN = 16_384;

/** A row's text, and which text it is a part of. */
export interface PlacedText {
  found: FoundText;
  /** Rows of one group are never kept apart: tokens of one stored text, or rows whose texts are equal. */
  group: string;
}

/**
 * Texts of some rows, by their numbers.
 *
 * @param source the rows
 * @param column where the texts are
 * @param rows which, in any order
 * @throws {DbksvdError} `usage` where rows are tokens and the column has no list of them
 */
export async function placedTexts(
  source: RowSource,
  column: TextColumn,
  rows: Iterable<number>,
): Promise<Map<number, PlacedText>> {
  const rising = Float64Array.from(new Set(rows)).sort();
  const texts = new Map<number, PlacedText>();
  for (let from = 0; from < rising.length;) {
    let to = from + 1;
    while (to < rising.length && rising[to] - rising[from] < SPAN) to++;
    const some = rising.subarray(from, to);
    const found = await textsOf(source, column, some);
    const start = some[0];
    const places = await source.readItems?.({ start, end: some.at(-1)! + 1 });
    found.forEach((text, i) => {
      if (places !== undefined && text.tokens === undefined) {
        throw notTokens(source, column);
      }
      const group = places === undefined
        ? text.text
        : `${places.rows[some[i] - start]}`;
      texts.set(some[i], { found: text, group });
    });
    from = to;
  }
  return texts;
}

function notTokens(source: RowSource, { column }: TextColumn): DbksvdError {
  return new DbksvdError("usage", "The texts are not by token, as rows are", {
    where: { file: source.files[0]?.path, column },
    mend: "name a column with a list of tokens, or of their ids, with --text",
  });
}
