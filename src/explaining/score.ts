import type { Chat } from "./chat.ts";
import { type Example, type LatentExamples, mixed } from "./examples.ts";
import { activeTokens, markedText, plainText, someTokens } from "./marks.ts";
import { verdictQuestion, verdictsIn } from "./prompts.ts";

/** How a name was scored on texts: as delphi does, but on texts that the name was not found from. */
export interface NameScore {
  /** (share of active texts judged right + share of inactive texts judged right) / 2. */
  balancedAccuracy: number;
  /** Active texts with a verdict, and those judged right. */
  active: number;
  activeRight: number;
  /** Texts that the atom is not active in with a verdict, and those judged right. */
  inactive: number;
  inactiveRight: number;
}

/** Texts of one request. */
const TEXTS = 5;

interface Shown {
  row: number;
  text: string;
  isActive: boolean;
}

/** Requests that scoring a name takes, at most, where every one is answered. */
export function requestsFor(texts: number): number {
  return Math.ceil(texts / TEXTS);
}

/**
 * Scores a name: a language model says of texts, five at a time and in an order that tells nothing, whether the name
 * fits. Detection shows plain texts; fuzzing shows them with marks, on the active tokens or, where there are none, on
 * as many of any.
 *
 * @param kind which of the two
 * @param name the name
 * @param examples texts that the latent is active in and texts that it is not
 * @param chat who is asked
 * @returns `undefined` where texts of one of the two sorts are missing, or got no verdicts
 */
export async function scoreName(
  kind: "detection" | "fuzzing",
  name: string,
  examples: LatentExamples,
  chat: Chat,
): Promise<NameScore | undefined> {
  const shown = mixed(shownFor(kind, examples), examples.latent.latent);
  const tally = { active: 0, activeRight: 0, inactive: 0, inactiveRight: 0 };
  if (shown.every(({ isActive }) => isActive)) return undefined;
  for (let from = 0; from < shown.length; from += TEXTS) {
    const some = shown.slice(from, from + TEXTS);
    const verdicts = await verdictsOn(kind, name, some, chat);
    verdicts?.forEach((verdict, i) => {
      const { isActive } = some[i];
      tally[isActive ? "active" : "inactive"]++;
      if (verdict !== isActive) return;
      tally[isActive ? "activeRight" : "inactiveRight"]++;
    });
  }
  const { active, activeRight, inactive, inactiveRight } = tally;
  if (active === 0 || inactive === 0) return undefined;
  const balancedAccuracy = (activeRight / active + inactiveRight / inactive) /
    2;
  return { balancedAccuracy, ...tally };
}

function shownFor(
  kind: "detection" | "fuzzing",
  { held, inactive }: LatentExamples,
): Shown[] {
  const marks = held.map((example) => activeTokens(example));
  const mean = Math.ceil(
    marks.reduce((sum, { length }) => sum + length, 0) / held.length,
  );
  const show = (example: Example, places: number[]) =>
    kind === "detection" ? plainText(example) : markedText(example, places);
  return [
    ...held.map((example, i) => ({
      ...{ row: example.row, text: show(example, marks[i]), isActive: true },
    })),
    ...inactive.map((example) => ({
      row: example.row,
      text: show(example, someTokens(example, mean)),
      isActive: false,
    })),
  ];
}

// What cannot be read is asked once more, and then counts for nothing.
async function verdictsOn(
  kind: "detection" | "fuzzing",
  name: string,
  shown: readonly Shown[],
  chat: Chat,
): Promise<boolean[] | undefined> {
  const question = verdictQuestion(kind, name, shown.map(({ text }) => text));
  for (const allowance of [1, 2]) {
    const answer = await chat.ask(question, allowance);
    const verdicts = verdictsIn(answer, shown.length);
    if (verdicts !== undefined) return verdicts;
  }
  return undefined;
}
