import { DbksvdError } from "../errors.ts";
import { Unreachable } from "../net/unreachable.ts";
import type { RowSource } from "../rows/source.ts";
import { openInputs, requireWidth } from "./admit.ts";
import type { RunContext } from "./context.ts";
import type { EvaluationPart } from "./evaluate.ts";
import type { Findings, MissingInput } from "./inputs.ts";

/**
 * The files that are only ever evaluated on.
 *
 * @param context the run, which has looked for them
 * @param width of the pipeline's rows
 * @throws {DbksvdError} `data` where one holds other rows than the pipeline's, or none
 */
export async function fixedParts(
  context: RunContext,
  width: number,
): Promise<EvaluationPart[]> {
  const parts: EvaluationPart[] = [];
  try {
    for (const input of context.fixed.found) {
      const source = await openInputs([input], context);
      const scope = `file:${input.path}`;
      parts.push({ scope, source, quarantined: false });
      requireWidth(source, width, input.path);
      requireElement(source, context.element, input.path);
    }
    return parts;
  } catch (error) {
    for (const { source } of parts) await source.close();
    throw error;
  }
}

// Quantised or rounded rows are not what the dictionary is for, though they are as wide.
function requireElement(
  { element: found }: RowSource,
  element: string | undefined,
  file: string,
): void {
  if (found === undefined || element === undefined || found === element) return;
  throw new DbksvdError(
    "data",
    `Rows are ${found} numbers, the pipeline's are ${element}`,
    { where: { file }, mend: "store evaluation inputs as the drops are" },
  );
}

/**
 * Refuses to judge a candidate while an evaluation input is missing: without it a worse one might be promoted.
 *
 * @throws {DbksvdError} `run` where it may be there another night, `data` where it is not there
 */
export function requireFixed({ missing }: Findings): void {
  const first = missing.find(({ kind }) => kind === "unreachable") ??
    missing[0];
  if (first !== undefined) throw missingFixed(first);
}

function missingFixed({ path, kind, reason }: MissingInput): DbksvdError {
  const what = `An evaluation input is missing: ${reason}`;
  const mend = "correct /evaluation/inputs; nothing new was taken";
  return kind === "unreachable"
    ? new Unreachable(what, path, mend)
    : new DbksvdError("data", what, { where: { file: path }, mend });
}
