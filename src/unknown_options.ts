import { DbksvdError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/**
 * Refuses options that there are none of: a name that is mistyped would else be passed over.
 *
 * @param given what was given
 * @param known the names that there are
 * @param of whose options they are
 * @throws {DbksvdError} `usage`
 */
export function requireKnownOptions(
  given: object,
  known: readonly string[],
  of: string,
): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || known.includes(name)) continue;
    const near = nearest(name, known);
    throw new DbksvdError("usage", `${of} has no option "${name}"`, {
      mend: near === undefined
        ? `it has: ${known.join(", ")}`
        : `did you mean "${near}"?`,
    });
  }
}
