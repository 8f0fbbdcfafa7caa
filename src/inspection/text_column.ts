import type { RowSource } from "../rows/source.ts";

/** The columns of a source that hold texts. */
export interface TextColumns {
  /** The one that is taken where none is named; `undefined` where there is none, or it is not clear which. */
  chosen?: string;
  /** All of them. */
  all: string[];
}

/** Names that a text column usually has, the likeliest first. */
const USUAL = [
  ...["text", "texts", "word", "words", "token", "tokens", "str_tokens"],
  ...["sentence", "content", "document", "prompt", "title", "caption"],
];

/**
 * Finds the column with a text for every row: the only one that holds text, or the one of a usual name. Where rows are
 * tokens, columns with a list of token texts come before columns with the whole text.
 *
 * @param source the rows
 * @param image the column of pictures: where it holds paths, these are texts if there is no other
 */
export async function findTextColumn(
  source: RowSource,
  image?: string,
): Promise<TextColumns> {
  const columns = await source.otherColumns?.() ?? [];
  const textual = columns.filter(({ schema }) => holdsText(schema));
  const others = textual.filter(({ name }) => name !== image);
  const texts = others.length > 0 ? others : textual;
  const lists = texts.filter(({ schema }) => schema.length > 1);
  const all = texts.map(({ name }) => name);
  const likely = source.readItems !== undefined && lists.length > 0
    ? lists.map(({ name }) => name)
    : all;
  const usual = USUAL.find((name) => likely.includes(name));
  const chosen = likely.length === 1 ? likely[0] : usual;
  return chosen === undefined ? { all } : { chosen, all };
}

interface Element {
  type?: string;
  converted_type?: string;
  logical_type?: { type?: string };
}

// A string, or a list with strings in it: every level but the last is a group.
function holdsText(schema: readonly object[]): boolean {
  const leaf = schema[schema.length - 1] as Element;
  const groups = schema.slice(0, -1) as Element[];
  return groups.every(({ type }) => type === undefined) &&
    leaf.type === "BYTE_ARRAY" &&
    (leaf.converted_type === "UTF8" || leaf.logical_type?.type === "STRING");
}
