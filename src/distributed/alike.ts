import { DbksvdError } from "../errors.ts";
import type { Communicator } from "./communicator.ts";

/** Characters of a value that a message shows. */
const SHOWN = 60;

/**
 * Refuses a group whose processes are to do different things: rows would be lost or read twice, and sums be of nothing.
 * Collective.
 *
 * @param group the processes
 * @param given what each was given, by name: whatever JSON can hold
 * @throws {DbksvdError} `usage`, on all of them
 */
export async function requireAlike(
  group: Pick<Communicator, "gather"> | undefined,
  given: Record<string, unknown>,
): Promise<void> {
  if (group === undefined) return;
  const own = new TextEncoder().encode(JSON.stringify(given));
  const [first, ...others] = (await group.gather(own)).map(namedTexts);
  for (const [i, other] of others.entries()) {
    for (const name of new Set([...first.keys(), ...other.keys()])) {
      const here = other.get(name), there = first.get(name);
      if (here !== there) throw differing(i + 1, name, here, there);
    }
  }
}

function namedTexts(bytes: Uint8Array): Map<string, string> {
  const given = JSON.parse(new TextDecoder().decode(bytes));
  return new Map(
    Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)]),
  );
}

function differing(
  rank: number,
  name: string,
  here: string | undefined,
  there: string | undefined,
): DbksvdError {
  const shown = (text = "none") =>
    text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return new DbksvdError(
    "usage",
    `Rank ${rank} has another ${name} (${shown(here)}) than rank 0 (${
      shown(there)
    })`,
    {
      mend:
        "give all ranks the same version, options and inputs; variables reach other machines where the launcher passes them on (mpirun -x)",
    },
  );
}
