import type { Naming } from "../explaining/explain.ts";
import type { NamePlan } from "../explaining/plan.ts";
import type { NameScore } from "../explaining/score.ts";
import type { AskedDocument, Spent } from "./naming_document.ts";
import { count, counted, table } from "../text.ts";

/** What would be sent where, in words. */
export function planText(
  { latents, leftAlone, texts, requests }: NamePlan,
  host: string,
  maxRequests: number,
): string {
  const { named, namedOtherwise, tooFewRows } = leftAlone;
  const left = [
    named > 0 && `${count(named)} named by hand`,
    namedOtherwise > 0 && `${count(namedOtherwise)} named already`,
    tooFewRows > 0 && `${count(tooFewRows)} used by too few rows`,
  ].filter((text) => text !== false).join(", ");
  const alone = left === "" ? "" : ` (left alone: ${left})`;
  if (latents.length === 0) return `There is nothing to name${alone}`;
  const bound = requests > maxRequests
    ? `, ${count(maxRequests)} at most with --max-requests`
    : "";
  return `To name ${counted(latents.length, "atom's side", "atoms' sides")}, ${
    counted(texts, "text")
  } of the rows at most go to ${host}, in ${
    counted(requests, "request")
  }${bound}${alone}`;
}

/** What came of naming, as a table and in words. */
export function namingText(
  about: AskedDocument,
  { names, tooFewTexts, noAnswer, left }: Naming,
  { requests, texts, tokens, cut, maxRequests }: Spent & {
    maxRequests: number;
  },
): string {
  const byToken = names.some(({ fuzzing }) => fuzzing !== undefined);
  const lines = names.length === 0 ? [] : [table(
    ["atom", "uses", "detection", ...byToken ? ["fuzzing"] : [], "name"],
    names.map(({ atom, sign, uses, detection, fuzzing, label }) => [
      `${atom}${sign ?? ""}`,
      count(uses),
      accuracy(detection),
      ...byToken ? [accuracy(fuzzing)] : [],
      label,
    ]),
  )];
  lines.push(
    `${
      counted(names.length, "name")
    } by ${about.explainModel} at ${about.host} (prompt ${about.prompt}): ${
      counted(requests, "request")
    }, ${counted(texts, "text")}, ${
      count(tokens.prompt + tokens.completion)
    } tokens`,
  );
  if (names.length > 0) {
    lines.push(
      "Scores are balanced accuracies (0.5 is chance) on texts that were not shown for the name; delphi takes both from one pool, so that its scores are of another kind",
    );
  }
  if (cut > 0) {
    lines.push(`${counted(cut, "answer")} cut off at --max-tokens`);
  }
  if (tooFewTexts.length > 0) {
    lines.push(`${count(tooFewTexts.length)} had too few different texts`);
  }
  if (noAnswer.length > 0) {
    lines.push(`${count(noAnswer.length)} got no answer that holds a name`);
  }
  if (left > 0) {
    lines.push(
      `${
        count(left)
      } are left: the limit of ${maxRequests} requests was reached; the same command goes on`,
    );
  }
  if (names.length > 0) lines.push(`Names are in ${about.model}/labels.json`);
  return lines.join("\n");
}

function accuracy(score: NameScore | undefined): string {
  return score === undefined ? "–" : score.balancedAccuracy.toFixed(2);
}
