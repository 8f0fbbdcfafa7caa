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

/** Names that a column of token ids usually has. */
const USUAL_IDS = ["token_ids", "input_ids", "tokens", "ids"];

/** What else is known of the columns. */
export interface TextHints {
  /** The column of pictures: where it holds paths, these are texts if there is no other. */
  image?: string | undefined;
  /** Whether it is known what ids of tokens stand for: columns of them hold text then, too. */
  ids?: boolean;
}

/**
 * Finds the column with a text for every row: the only one that holds text, or the one of a usual name. Where rows are
 * tokens, columns with a list of token texts, or of their ids, come before columns with the whole text.
 *
 * @param source the rows
 * @param hints what else is known
 */
export async function findTextColumn(
  source: RowSource,
  { image, ids = false }: TextHints = {},
): Promise<TextColumns> {
  const columns = await source.otherColumns?.() ?? [];
  const namesOf = (found: typeof columns) => found.map(({ name }) => name);
  const textual = columns.filter(({ schema }) => holdsText(schema));
  const others = textual.filter(({ name }) => name !== image);
  const texts = others.length > 0 ? others : textual;
  const all = namesOf(texts);
  const nested = source.readItems !== undefined;
  const lists = namesOf(texts.filter(({ schema }) => schema.length > 1));
  const idLists = ids
    ? namesOf(columns.filter(({ schema }) => holdsIds(schema)))
    : [];
  const likely = [nested ? lists : [], nested ? idLists : [], all, idLists]
    .find((names) => names.length > 0) ?? [];
  const usual = [...USUAL, ...USUAL_IDS].find((name) => likely.includes(name));
  const chosen = likely.length === 1 ? likely[0] : usual;
  return chosen === undefined ? { all } : { chosen, all };
}

/** Whether a column holds ids of tokens: lists of whole numbers. */
export async function isIdColumn(
  source: RowSource,
  column: string,
): Promise<boolean> {
  const columns = await source.otherColumns?.() ?? [];
  const own = columns.find(({ name }) => name === column);
  return own !== undefined && holdsIds(own.schema);
}

interface Element {
  type?: string;
  converted_type?: string;
  logical_type?: { type?: string };
}

function holdsIds(schema: readonly object[]): boolean {
  const leaf = schema[schema.length - 1] as Element;
  const { type = "", converted_type: converted = "" } = leaf;
  return schema.length > 1 && /^INT(32|64)$/.test(type) &&
    !/^(DATE|TIME|DECIMAL)/.test(converted);
}

// A string, or a list with strings in it: every level but the last is a group.
function holdsText(schema: readonly object[]): boolean {
  const leaf = schema[schema.length - 1] as Element;
  const groups = schema.slice(0, -1) as Element[];
  return groups.every(({ type }) => type === undefined) &&
    leaf.type === "BYTE_ARRAY" &&
    (leaf.converted_type === "UTF8" || leaf.logical_type?.type === "STRING");
}
