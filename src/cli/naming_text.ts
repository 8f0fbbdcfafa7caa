import type { Naming } from "../explaining/explain.ts";
import type { NamePlan } from "../explaining/plan.ts";
import type { AskedDocument, Spent } from "./naming_document.ts";
import { type Labels, labelsIn } from "../labels/label.ts";
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
  const scores = ["detection", ...byToken ? ["fuzzing"] : []];
  const lines = names.length === 0 ? [] : [namedLines(
    ["atom", "uses", ...scores],
    names.map(({ atom, sign = "", uses, detection, fuzzing, label }) => ({
      cells: [
        `${atom}${sign}`,
        count(uses),
        accuracy(detection?.balancedAccuracy),
        ...byToken ? [accuracy(fuzzing?.balancedAccuracy)] : [],
      ],
      name: label,
    })),
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

/** The names that there are, with who gave them and how well they fit. */
export function namesTable(labels: Labels): string {
  const rows = Object.entries(labels).flatMap(([atom, entry]) =>
    labelsIn(entry).map(({ label, source, sign = "", score, fuzzing }) => ({
      cells: [`${atom}${sign}`, source, accuracy(score), accuracy(fuzzing)],
      name: label,
    }))
  );
  if (rows.length === 0) return "No atom has a name";
  return namedLines(["atom", "by", "score", "fuzzing"], rows);
}

// A table whose last column is text of any length.
function namedLines(
  head: readonly string[],
  rows: readonly { cells: readonly string[]; name: string }[],
): string {
  const names = ["name", ...rows.map(({ name }) => name)];
  return table(head, rows.map(({ cells }) => cells)).split("\n")
    .map((line, i) => `${line}  ${names[i]}`).join("\n");
}

function accuracy(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(2);
}
