import { join } from "node:path";
import {
  type PipelinePlaces,
  ROWS_NAME,
  rowsFile,
  VERSION_NAME,
} from "./places.ts";
import type { Store } from "./database.ts";
import { currentVersion, linkCurrent } from "./versions.ts";
import type { Watch } from "./watch.ts";

/**
 * Brings the files in line with the database after a run that was killed: its line is closed, what it had begun is
 * cleared away, `current` leads where the database says. The caller holds the lock, so no run is under way.
 */
export async function recover(
  store: Store,
  places: PipelinePlaces,
  watch: Watch,
): Promise<void> {
  const dead = store.all<{ id: number }>(
    "SELECT id FROM runs WHERE state = 'running'",
  );
  for (const { id } of dead) {
    watch.tell("warn", "run.interrupted", { interrupted: id });
    store.run(
      `UPDATE runs SET state = 'interrupted', finished = :now,
         reason = 'its process ended before it did' WHERE id = :id`,
      { id, now: watch.now().toISOString() },
    );
  }
  await linkAsRecorded(store, places, watch);
  await tidy(store, places);
}

/** What an admission puts under `work`. */
const WORK_NAME = /^(spool|rows)\.f32$/;

/** Makes `current` lead where the database says, and the names of atoms follow. The caller holds the lock. */
export async function linkAsRecorded(
  store: Store,
  places: PipelinePlaces,
  watch: Watch,
): Promise<void> {
  const current = currentVersion(store);
  if (current === undefined) return;
  await linkCurrent(
    places,
    current,
    (notice) => watch.tell("info", "names", { notice }),
  );
}

/** Removes every file of the pipeline's under the root that the database does not name. What is not its own stays. */
export async function tidy(
  store: Store,
  places: PipelinePlaces,
): Promise<void> {
  const versions = store.all<{ id: string }>(
    "SELECT id FROM versions WHERE removed IS NULL",
  ).map(({ id }) => join(places.versions, id));
  const drops = store.all<{ run: number }>("SELECT run FROM drops")
    .map(({ run }) => rowsFile(places.heldOut, run));
  const reservoir = store.one<{ value: string }>(
    "SELECT value FROM facts WHERE name = 'reservoir'",
  );
  await keepOnly(places.versions, versions, VERSION_NAME);
  await keepOnly(places.heldOut, drops, ROWS_NAME);
  await keepOnly(
    places.reservoir,
    reservoir ? [join(places.reservoir, reservoir.value)] : [],
    ROWS_NAME,
  );
  const pending = store.all<{ run: number }>(
    "SELECT DISTINCT run FROM pending",
  ).map(({ run }) => rowsFile(places.pending, run));
  await keepOnly(places.pending, pending, ROWS_NAME);
  await keepOnly(places.work, [], WORK_NAME);
  for await (const { name } of Deno.readDir(places.root)) {
    if (/^\..+\.[0-9a-f]{8}\.tmp$/.test(name)) {
      await Deno.remove(join(places.root, name));
    }
  }
}

async function keepOnly(
  folder: string,
  paths: readonly string[],
  own: RegExp,
): Promise<void> {
  const kept = new Set(paths);
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (!kept.has(path) && own.test(name)) {
      await Deno.remove(path, { recursive: true });
    }
  }
}
