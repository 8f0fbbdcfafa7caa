import { NEIGHBOURS } from "../inspection/contexts.ts";
import { rowRank } from "../inspection/latent_rows.ts";
import type { TextColumn } from "../inspection/row_texts.ts";
import type { RowSource } from "../rows/source.ts";
import { type Gathered, rowsUsing, type UsingRow } from "./gather.ts";
import { type PlacedText, placedTexts } from "./texts.ts";
import type { PooledWindow } from "./window_pool.ts";

/** An atom's codes of one sign, as people name it. */
export interface LatentPlace {
  atom: number;
  /** Left out where codes have no signs. */
  sign?: "+" | "-";
}

/** An atom's codes of one sign. */
export interface Latent extends LatentPlace {
  /** Its number among latents. */
  latent: number;
  /** Rows that use it. */
  uses: number;
}

/** A text that a latent is active in, or not. */
export interface Example {
  row: number;
  /** The text; by token where rows are tokens. */
  tokens: readonly string[];
  /** What each token's activation is of the latent's largest: 0 to 1, or a little more. */
  strengths: readonly number[];
}

/** What a latent is named by, and what its name is scored on. */
export interface LatentExamples {
  latent: Latent;
  /** Texts that a name is found from, strongest first. */
  shown: Example[];
  /** Other texts that it is active in. */
  held: Example[];
  /** Texts that it is not active in. */
  inactive: Example[];
  /** Whether texts are by token. */
  byToken: boolean;
}

/** Texts that a name is found from: of the strongest, and of those drawn evenly. */
const SHOWN = { top: 10, drawn: 10 };
/** Texts that a name is scored on: as many that the latent is not active in. */
const HELD = 10;
/** With fewer texts than this on either side an atom gets no name. */
const FEWEST = 3;
/** Latents whose texts are read at a time. */
const AT_ONCE = 128;
/** Characters of a text that is no run of tokens. */
const LONGEST = 500;

/** Rows that have to use a latent before a name is asked for. */
export const FEWEST_USES = 10;

/** At most so many texts are sent of a latent, with a name to be found and one score. */
export function textsSent({ uses }: Latent): { shown: number; scored: number } {
  return {
    shown: Math.min(SHOWN.top + SHOWN.drawn, uses),
    scored: Math.min(HELD, uses) + HELD,
  };
}

/**
 * Texts for names and for their scores. Both come from top to bottom of a latent's activations; no text is on both
 * sides, nor are two parts of one.
 *
 * @param gathered what was found of all latents
 * @param source the rows
 * @param column where their texts are
 * @param latents which
 * @returns the latents' examples in their order; fewer than needed where there are not enough texts
 */
export async function* examplesOf(
  gathered: Gathered,
  source: RowSource,
  column: TextColumn,
  latents: readonly Latent[],
): AsyncGenerator<LatentExamples> {
  for (let from = 0; from < latents.length; from += AT_ONCE) {
    const some = latents.slice(from, from + AT_ONCE)
      .map((latent) => ({ latent, using: rowsUsing(gathered, latent.latent) }));
    const texts = await placedTexts(source, column, [
      ...some.flatMap(({ using }) => using.map(({ row }) => row)),
      ...gathered.pool.windows.map(({ row }) => row),
    ]);
    for (const { latent, using } of some) {
      const inactive = gathered.pool.without(latent.latent);
      const largest = gathered.maxActivation[latent.latent];
      yield {
        latent,
        byToken: source.readItems !== undefined,
        ...divided(using, inactive, texts, largest),
      };
    }
  }
}

/** Whether there are enough texts to find a name from, and to score it on. */
export function areEnough({ shown, held }: LatentExamples): boolean {
  return shown.length >= FEWEST && held.length >= FEWEST;
}

type Texts = ReadonlyMap<number, PlacedText>;

function divided(
  using: readonly UsingRow[],
  windows: readonly PooledWindow[],
  texts: Texts,
  largest: number,
): Pick<LatentExamples, "shown" | "held" | "inactive"> {
  const distinct = withoutRepeats(using, texts);
  // Groups go to either side in turn, from the strongest on.
  const isShown = new Map<string, boolean>();
  for (const { row } of distinct) {
    const { group } = texts.get(row)!;
    if (!isShown.has(group)) isShown.set(group, isShown.size % 2 === 0);
  }
  const on = (side: boolean) =>
    distinct.filter(({ row }) => isShown.get(texts.get(row)!.group) === side);
  const top = on(true).slice(0, SHOWN.top);
  const rest = on(true).filter((one) => one.isDrawn && !top.includes(one));
  const example = (one: UsingRow) =>
    exampleOf(texts.get(one.row)!, one, largest);
  return {
    shown: [...top, ...evenly(rest, SHOWN.drawn)].map(example)
      .sort((a, b) => Math.max(...b.strengths) - Math.max(...a.strengths)),
    held: evenly(on(false).filter(({ isDrawn }) => isDrawn), HELD).map(example),
    inactive: withoutRepeats(windows, texts)
      .filter(({ row }) => isShown.get(texts.get(row)!.group) !== true)
      .slice(0, HELD)
      .map(({ row }) =>
        exampleOf(texts.get(row)!, { row, size: 0, isDrawn: true }, largest)
      ),
  };
}

// The first row of each text, and of tokens that are shown with each other; rows without text say nothing.
function withoutRepeats<T extends { row: number }>(
  rows: readonly T[],
  texts: Texts,
): T[] {
  const seen = new Set([""]);
  const taken = new Map<string, number[]>();
  return rows.filter(({ row }) => {
    const { found: { before, text, after }, group } = texts.get(row)!;
    const whole = `${before}${text}${after}`.trim();
    const near = taken.get(group)?.some((other) =>
      Math.abs(other - row) <= NEIGHBOURS
    );
    if (near || seen.has(whole)) return false;
    seen.add(whole);
    taken.set(group, [...taken.get(group) ?? [], row]);
    return true;
  });
}

/** So many of a list, evenly over it. */
function evenly<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from(
    { length: count },
    (_, i) => list[Math.floor((i + 0.5) * list.length / count)],
  );
}

function exampleOf(
  { found: { text, tokens, at = 0 } }: PlacedText,
  { row, size, shares }: UsingRow,
  largest: number,
): Example {
  const own = size / Math.max(largest, Number.MIN_VALUE);
  if (tokens === undefined) {
    return { row, tokens: [shortened(text)], strengths: [own] };
  }
  const strengths = tokens.map((_, i) =>
    Math.max(0, own * (shares?.[NEIGHBOURS + i - at] ?? 0))
  );
  return { row, tokens, strengths };
}

function shortened(text: string): string {
  return text.length <= LONGEST
    ? text
    : `${[...text.slice(0, LONGEST)].slice(0, -1).join("")}…`;
}

/** Examples in an order that tells nothing of them, the latent's own. */
export function mixed<T extends { row: number }>(
  examples: readonly T[],
  latent: number,
): T[] {
  const salt = Math.imul(latent + 1, 0x9e3779b1);
  return [...examples].sort((a, b) =>
    rowRank(a.row, salt) - rowRank(b.row, salt)
  );
}
