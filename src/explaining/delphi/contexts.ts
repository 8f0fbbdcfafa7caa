import { DbksvdError } from "../../errors.ts";
import type { RowSource } from "../../rows/source.ts";
import type { Spool } from "./spool.ts";

/** Rows that are looked through at a time. */
const ROWS = 16_384;

/** Names that a column of token ids usually has. */
const USUAL = ["token_ids", "input_ids", "tokens", "ids"];

/** Where a text's contexts are among all. */
interface Cut {
  /** The first of them. */
  first: number;
  /** How many. */
  count: number;
}

/** Texts cut into contexts of one length. */
export class ContextCuts {
  /** Contexts in all. */
  contexts = 0;
  /** Tokens that no context has: what is left of a text behind the last whole one. */
  leftTokens = 0;
  /** Tokens of a context. */
  size: number | undefined;
  readonly #isGiven: boolean;
  readonly #cuts = new Map<number, Cut>();

  /** @param size tokens of a context; without it, all texts must be of one length */
  constructor(size: number | undefined) {
    this.size = size;
    this.#isGiven = size !== undefined;
  }

  /**
   * Cuts a text.
   *
   * @param text its number
   * @param tokens how many it has
   * @returns how many of them, from the first on, are in contexts
   * @throws {DbksvdError} `usage` where texts are of several lengths and none is given
   */
  cut(text: number, tokens: number): number {
    const size = this.size ??= tokens;
    if (!this.#isGiven && tokens !== size) {
      throw new DbksvdError(
        "usage",
        `Texts are of several lengths: ${size} tokens, ${tokens} tokens`,
        {
          mend:
            "give --context-size: each is cut into pieces of that, and what is left of it left out",
        },
      );
    }
    const count = Math.floor(tokens / size);
    this.#cuts.set(text, { first: this.contexts, count });
    this.contexts += count;
    this.leftTokens += tokens - count * size;
    return count * size;
  }

  /** The context of a token, and its place in it; `undefined` where none has it. */
  placeOf(
    text: number,
    item: number,
  ): { context: number; position: number } | undefined {
    const cut = this.#cuts.get(text)!;
    const piece = Math.floor(item / this.size!);
    return piece < cut.count
      ? { context: cut.first + piece, position: item - piece * this.size! }
      : undefined;
  }
}

/**
 * Cuts all texts, and writes their tokens: 64-bit whole numbers, context after context.
 *
 * @param source rows that are tokens
 * @param column with the ids of each text's tokens
 * @param cuts takes the cuts
 * @param to where tokens are written
 * @throws {DbksvdError} `data` where ids are missing, or are none; `usage` as {@linkcode ContextCuts.cut}
 */
export async function cutTexts(
  source: RowSource,
  column: string,
  cuts: ContextCuts,
  to: Spool,
  signal: AbortSignal | undefined,
): Promise<void> {
  let open: { text: number; ids: ArrayLike<unknown>; rows: number } | undefined;
  const finish = async (isLast: boolean) => {
    if (open === undefined) return;
    const { text, ids, rows } = open;
    // The last one may be cut off by --max-rows.
    if (ids.length < rows || (ids.length > rows && !isLast)) {
      throw unfit(source, column, `${ids.length} ids for ${rows} rows`, text);
    }
    const kept = cuts.cut(text, rows);
    const words = new Uint32Array(2 * kept);
    for (let i = 0; i < kept; i++) {
      words[2 * i] = idOf(ids[i]) ?? fail(source, column, ids[i], text);
    }
    await to.write(words);
  };
  for (let start = 0; start < source.rowCount; start += ROWS) {
    signal?.throwIfAborted();
    const range = { start, end: Math.min(source.rowCount, start + ROWS) };
    const [{ values }] = await source.readColumns!([column], range);
    const { rows } = await source.readItems!(range);
    for (let i = 0; i < rows.length; i++) {
      if (open?.text !== rows[i]) {
        await finish(false);
        open = { text: rows[i], ids: listIn(values[i]), rows: 0 };
      }
      open!.rows++;
    }
  }
  await finish(true);
}

function listIn(value: unknown): ArrayLike<unknown> {
  const isList = Array.isArray(value) ||
    ArrayBuffer.isView(value) && !(value instanceof DataView);
  return isList ? value as ArrayLike<unknown> : [];
}

function idOf(value: unknown): number | undefined {
  const id = typeof value === "bigint" ? Number(value) : value;
  return typeof id === "number" && Number.isInteger(id) && id >= 0 &&
      id < 2 ** 32
    ? id
    : undefined;
}

function fail(
  source: RowSource,
  column: string,
  id: unknown,
  text: number,
): never {
  throw unfit(source, column, `${String(id)} is no token's id`, text);
}

function unfit(
  source: RowSource,
  column: string,
  why: string,
  row: number,
): DbksvdError {
  return new DbksvdError("data", `Token ids do not fit the rows, ${why}`, {
    where: { file: source.files[0]?.path, column, row },
    mend: "name the column with a list of ids for each text with --token-ids",
  });
}

/**
 * The column of token ids: the one that is named, or the only list of whole numbers, or one of a usual name.
 *
 * @throws {DbksvdError} `usage` where rows are no tokens, or it is not clear which column
 */
export async function tokenColumn(
  source: RowSource,
  named: string | undefined,
): Promise<string> {
  if (source.readItems === undefined || source.readColumns === undefined) {
    throw new DbksvdError("usage", "Rows are no tokens of texts", {
      where: { file: source.files[0]?.path },
      mend: "give nested rows: a text's vectors as a list, its ids as another",
    });
  }
  if (named !== undefined) return named;
  const columns = await source.otherColumns?.() ?? [];
  const lists = columns.filter(({ schema }) => holdsIds(schema))
    .map(({ name }) => name);
  const found = lists.length === 1
    ? lists[0]
    : USUAL.find((name) => lists.includes(name));
  if (found !== undefined) return found;
  throw new DbksvdError("usage", "It is not clear which column has token ids", {
    where: { file: source.files[0]?.path },
    mend: `name it with --token-ids (lists of whole numbers: ${
      lists.join(", ") || "none"
    })`,
  });
}

function holdsIds(schema: readonly object[]): boolean {
  const { type } = schema[schema.length - 1] as { type?: string };
  return schema.length > 1 && /^INT(32|64)$/.test(type ?? "");
}
