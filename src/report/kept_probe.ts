import { join } from "node:path";
import { isJsonObject } from "../json.ts";
import type { LatentClass } from "../metrics/probe_result.ts";
import type { ProbeData } from "./data.ts";

/** The file in a model directory that holds what a probe found. */
export const PROBE_FILE = "probe.json";

/** What a probe found of a model, where its directory holds it whole. */
export async function keptProbe(
  directory: string,
): Promise<ProbeData | undefined> {
  let kept: unknown;
  try {
    kept = JSON.parse(await Deno.readTextFile(join(directory, PROBE_FILE)));
  } catch {
    return undefined;
  }
  const whole = isJsonObject(kept) && typeof kept.model === "string" &&
    typeof kept.rows === "number" && typeof kept.rowsName === "string" &&
    Array.isArray(kept.scores) && Array.isArray(kept.best) &&
    Array.isArray(kept.atoms) &&
    kept.scores.length > 0;
  return whole ? kept as unknown as ProbeData : undefined;
}

/** The classes that atoms tell best, by index: of each sign, the one of the largest F1. */
export function classesByAtom(
  probe: ProbeData | undefined,
): Record<string, LatentClass[]> | undefined {
  if (probe === undefined) return undefined;
  const classes: Record<string, LatentClass[]> = {};
  for (const one of probe.atoms) (classes[one.atom] ??= []).push(one);
  return classes;
}
