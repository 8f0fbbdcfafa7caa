import { rowRank } from "../inspection/latent_rows.ts";
import type { Example } from "./examples.ts";
import type { PromptText } from "./prompts.ts";

/** A token is active in a text where it reaches this share of the text's strongest. */
const ACTIVE = 0.3;
/** Strengths listed of a text, at most. */
const LISTED = 11;

/** The places of a text's active tokens. */
export function activeTokens({ strengths }: Example): number[] {
  const least = ACTIVE * Math.max(...strengths);
  return strengths.flatMap((strength, i) =>
    strength > 0 && strength >= least ? [i] : []
  );
}

/** A text with some of its tokens between << and >>; neighbours together. */
export function markedText({ tokens }: Example, places: number[]): string {
  let text = "";
  tokens.forEach((token, i) => {
    const [inside, before, after] = [i, i - 1, i + 1].map((place) =>
      places.includes(place)
    );
    const plain = unmarked(token);
    if (inside && !before) text += "<<";
    text += plain;
    if (inside && !after) text += ">>";
  });
  return text;
}

/** A text without marks, its own included. */
export function plainText({ tokens }: Example): string {
  return tokens.map(unmarked).join("");
}

function unmarked(token: string): string {
  return token.replaceAll("<<", "< <").replaceAll(">>", "> >");
}

/** A text as a name is found from it. */
export function promptText(example: Example, byToken: boolean): PromptText {
  const { tokens, strengths } = example;
  const level = levelOf(Math.max(...strengths));
  if (!byToken) return { text: plainText(example), level };
  const active = activeTokens(example);
  return {
    text: markedText(example, active),
    level,
    parts: active.slice(0, LISTED).map((place) => ({
      text: unmarked(tokens[place]).trim(),
      level: levelOf(strengths[place]),
    })),
  };
}

function levelOf(strength: number): number {
  return Math.max(1, Math.min(10, Math.ceil(10 * strength)));
}

/** So many of a text's tokens, by chance that follows from its row. */
export function someTokens({ row, tokens }: Example, count: number): number[] {
  return tokens.map((_, i) => i)
    .sort((a, b) => rowRank(row, a + 1) - rowRank(row, b + 1))
    .slice(0, count);
}
