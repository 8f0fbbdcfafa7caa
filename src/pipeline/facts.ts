import type { Store } from "./database.ts";

/** A fact of the pipeline. */
export function factOf(store: Store, name: string): string | undefined {
  return store.one<{ value: string }>(
    "SELECT value FROM facts WHERE name = :name",
    { name },
  )?.value;
}
