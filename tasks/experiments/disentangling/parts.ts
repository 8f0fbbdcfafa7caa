import { join } from "node:path";
import { writeFileAtomically } from "../../../src/files/atomic.ts";
import type { Row } from "./table.ts";

/** What is measured of a set by one seed, by model. */
export type Part = ReadonlyMap<string, Row>;

/**
 * A part of an experiment of hours: taken from the directory where it lies there already, else measured and put there.
 *
 * @param directory nothing is kept where left out
 * @param name of the part
 * @param measure makes it
 */
export async function keptPart(
  directory: string | undefined,
  name: string,
  measure: () => Promise<Part>,
): Promise<Part> {
  if (directory === undefined) return await measure();
  const path = join(directory, `${name}.json`);
  try {
    return new Map(Object.entries(JSON.parse(await Deno.readTextFile(path))));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const part = await measure();
  await Deno.mkdir(directory, { recursive: true });
  const text = JSON.stringify(Object.fromEntries(part), null, 2);
  await writeFileAtomically(path, [new TextEncoder().encode(text)]);
  return part;
}
