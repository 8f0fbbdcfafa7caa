import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";

const JOINED = ["$and", "$or", "$nor"];
const COMPARED = ["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"];
const LISTED = ["$in", "$nin"];
const OPERATORS = [...COMPARED, ...LISTED, "$not"];

/**
 * Refuses a filter that hyparquet would take for another: an operator that it does not know, or columns beside
 * `$and`, let every row pass.
 *
 * @throws {DbksvdError} `usage`
 */
export function requireFilter(where: unknown): void {
  if (!isJsonObject(where)) {
    throw refused(
      `it holds ${shown(where)}`,
      'write conditions by column, as {"score": {"$gte": 0.5}}',
    );
  }
  const names = Object.keys(where);
  const joined = names.find((name) => JOINED.includes(name));
  if (joined === undefined) {
    for (const [name, condition] of Object.entries(where)) {
      requireCondition(name, condition);
    }
    return;
  }
  const parts = where[joined];
  if (names.length > 1 || !Array.isArray(parts)) {
    throw refused(
      `"${joined}" takes a list of filters, and stands alone`,
      `write {"${joined}": [{…}, {…}]}`,
    );
  }
  parts.forEach(requireFilter);
}

function requireCondition(name: string, condition: unknown) {
  if (typeof condition !== "object" || condition === null) return;
  // Lists may be asked for as they are.
  if (condition instanceof Date || Array.isArray(condition)) return;
  const entries = Object.entries(condition);
  if (entries.length === 0) {
    throw refused(
      `"${name}" is ${shown(condition)}`,
      `give a value, or one of ${OPERATORS.join(", ")}`,
    );
  }
  for (const [operator, target] of entries) {
    if (!OPERATORS.includes(operator)) {
      throw refused(
        `"${operator}" is no operator`,
        `"${name}" takes a value, or one of ${OPERATORS.join(", ")}`,
      );
    }
    if (LISTED.includes(operator) && !Array.isArray(target)) {
      throw refused(`"${operator}" is ${shown(target)}`, "give it a list");
    }
    if (operator === "$not") requireCondition(name, target);
  }
}

function shown(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 60);
}

function refused(why: string, mend: string): DbksvdError {
  return new DbksvdError("usage", `--where cannot be used, ${why}`, { mend });
}
