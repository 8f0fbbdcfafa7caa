import { DbksvdError } from "../errors.ts";
import { TOOL_VERSION } from "../version.ts";
import type { PipelineSettings } from "./config.ts";
import type { Store } from "./database.ts";
import { factOf } from "./facts.ts";

/** Facts of a pipeline that tell how its rows are read. */
const FACTS = {
  /** How those were read that it has taken. */
  taken: "reading",
  /** What the last run refused files by. */
  refused: "refused_by",
} as const;

type Settings = Pick<PipelineSettings, "rows">;

/** What makes other numbers of the same files. */
function readingOf({ rows }: Settings): Record<string, string> {
  const { column, blobType, skipItems = 0, unitNorm = false } = rows;
  return {
    ...column !== undefined && { column },
    ...blobType !== undefined && { blobType },
    skipItems: String(skipItems),
    unitNorm: String(unitNorm),
  };
}

/**
 * Refuses to read rows otherwise than those were read that the pipeline holds: its dictionary, its reservoir and its
 * held-out rows would be of two kinds.
 *
 * @param store the pipeline
 * @param settings how rows are to be read
 * @throws {DbksvdError} `usage`
 */
export function requireSameReading(store: Store, settings: Settings): void {
  const text = factOf(store, FACTS.taken);
  const column = factOf(store, "column");
  const before: Record<string, string> = {
    ...column !== undefined && { column },
    ...text !== undefined && JSON.parse(text),
  };
  for (const [name, value] of Object.entries(readingOf(settings))) {
    const was = before[name];
    if (was === undefined || was === value) continue;
    throw new DbksvdError(
      "usage",
      `/train/${name} is ${value}, the pipeline's rows were read with ${was}`,
      { mend: "put it back, or give the other rows a root of their own" },
    );
  }
}

/** Writes down how the rows are read that the pipeline takes. */
export function recordReading(store: Store, settings: Settings): void {
  store.run(
    "INSERT OR IGNORE INTO facts (name, value) VALUES (:name, :value)",
    { name: FACTS.taken, value: JSON.stringify(readingOf(settings)) },
  );
}

/**
 * Whether files that were refused may be sound now, though they are the same: other options, or another version of
 * this tool, read them.
 */
export function mayReadRefused(store: Store, settings: Settings): boolean {
  return factOf(store, FACTS.refused) !== refusedBy(settings);
}

/** Writes down what this run refuses files by. */
export function recordRefusing(store: Store, settings: Settings): void {
  store.run(
    "INSERT OR REPLACE INTO facts (name, value) VALUES (:name, :value)",
    { name: FACTS.refused, value: refusedBy(settings) },
  );
}

function refusedBy({ rows }: Settings): string {
  return JSON.stringify({ ...rows, version: TOOL_VERSION });
}
