import { resolve } from "node:path";
import { DbksvdError } from "../errors.ts";
import { exists } from "../files/atomic.ts";
import { lockOutput } from "../use/lock.ts";
import { loadPipelineConfig, type PipelineConfig } from "./config.ts";
import { supersede } from "./manifest.ts";
import { isUrl } from "./paths.ts";
import { makeFolders, type PipelinePlaces, placesIn } from "./places.ts";
import { recordEvent } from "./record.ts";
import { openStore } from "./store.ts";
import type { Store } from "./database.ts";
import { rollBack } from "./versions.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/**
 * Makes an older version current again.
 *
 * @param config the configuration, or its file
 * @param options `to`: which version; by default the promoted one before the current; `onNotice` is called with what
 * became of the names of atoms
 * @returns the version that is current now, and the one that was
 * @throws {DbksvdError} `usage` where there is no such version, or a run is under way
 */
export async function rollbackPipeline(
  config: string | PipelineConfig,
  options: {
    base?: string | undefined;
    to?: string | undefined;
    now?(): Date;
    onNotice?: ((notice: string) => void) | undefined;
  } = {},
): Promise<{ version: string; previous: string }> {
  const known = ["base", "to", "now", "onNotice"];
  requireKnownOptions(options, known, "rollbackPipeline()");
  return await withStore(
    config,
    options.base,
    (store, places) =>
      rollBack(
        store,
        places,
        options.now?.() ?? new Date(),
        options.to,
        options.onNotice,
      ),
  );
}

/** What a release gave back. */
export interface Release {
  /** The drop: the run that took it. */
  drop: number;
  /** Files that the next run takes anew, where they are still there. */
  files: string[];
  /** Those of them that are not there now: their rows are lost for as long as they are not put back. */
  missing: string[];
  /** Rows that were put by, and wait for the next run. */
  pendingRows: number;
}

/**
 * Lifts a drop's quarantine: its rows are taken and trained on by the next run, and are not put in quarantine again.
 *
 * @param config the configuration, or its file
 * @param drop the run that took it, as the history has it
 * @param options the folder that relative paths begin from; the time
 * @returns what the next run takes
 * @throws {DbksvdError} `usage` where that drop is in no quarantine, or a run is under way
 */
export async function releaseDrop(
  config: string | PipelineConfig,
  drop: number,
  options: { base?: string | undefined; now?(): Date } = {},
): Promise<Release> {
  requireKnownOptions(options, ["base", "now"], "releaseDrop()");
  const now = (options.now?.() ?? new Date()).toISOString();
  return await withStore(config, options.base, async (store, places, base) => {
    const { database } = places;
    const found = store.one(
      "SELECT 1 FROM drops WHERE run = :drop AND quarantined = 1",
      { drop },
    );
    if (found === undefined) {
      throw new DbksvdError("usage", `Drop ${drop} is in no quarantine`, {
        where: { file: database },
        mend: "dbksvd pipeline status names those that are",
      });
    }
    const released = store.transaction(() => release(store, drop, now));
    return { ...released, missing: await notThere(released.files, base) };
  });
}

async function notThere(files: string[], base: string): Promise<string[]> {
  const missing: string[] = [];
  for (const path of files) {
    if (!isUrl(path) && !await exists(resolve(base, path))) missing.push(path);
  }
  return missing;
}

function release(
  store: Store,
  drop: number,
  now: string,
): Omit<Release, "missing"> {
  const files = store.all<
    { id: number; path: string; checksum: string; waits: number }
  >(
    `SELECT id, path, checksum, id IN (SELECT file FROM pending) AS waits
     FROM files WHERE run = :drop AND state = 'taken' ORDER BY path`,
    { drop },
  );
  store.run("UPDATE drops SET quarantined = 0 WHERE run = :drop", { drop });
  for (const { checksum } of files) {
    store.run("INSERT OR IGNORE INTO trusted (checksum) VALUES (:checksum)", {
      checksum,
    });
  }
  const again = files.filter(({ waits }) => waits === 0);
  for (const { id } of again) supersede(store, id);
  recordEvent(store, "release", drop, "released by hand", now);
  const { rows } = store.one<{ rows: number }>(
    "SELECT coalesce(sum(rows), 0) AS rows FROM pending WHERE run = :drop",
    { drop },
  )!;
  return { drop, files: again.map(({ path }) => path), pendingRows: rows };
}

async function withStore<T>(
  config: string | PipelineConfig,
  base: string | undefined,
  work: (store: Store, places: PipelinePlaces, base: string) => T | Promise<T>,
): Promise<T> {
  const settings = await loadPipelineConfig(config, base);
  const places = placesIn(settings.root);
  await makeFolders(places);
  const lock = await lockOutput(places.database);
  try {
    const store = openStore(places.database);
    try {
      return await work(store, places, settings.base);
    } finally {
      store.close();
    }
  } finally {
    await lock.release();
  }
}
