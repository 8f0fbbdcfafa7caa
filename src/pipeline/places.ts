import { basename, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { exists, writeError } from "../files/atomic.ts";

/** What lies where under a pipeline's root. */
export interface PipelinePlaces {
  root: string;
  database: string;
  versions: string;
  /** The link to the current version. */
  current: string;
  /** Held-out rows, a file a drop. */
  heldOut: string;
  reservoir: string;
  /** Rows of drops too small to judge, a file a drop. */
  pending: string;
  /** What a run has not finished yet. */
  work: string;
  heartbeat: string;
}

/** The places under `root`. */
export function placesIn(root: string): PipelinePlaces {
  return {
    root,
    database: join(root, "pipeline.sqlite"),
    versions: join(root, "versions"),
    current: join(root, "current"),
    heldOut: join(root, "held-out"),
    reservoir: join(root, "reservoir"),
    pending: join(root, "pending"),
    work: join(root, "work"),
    heartbeat: join(root, "heartbeat.json"),
  };
}

/**
 * Makes the folders under the root that are not there yet.
 *
 * @throws {DbksvdError} `usage` where there are such folders of something else, or of a pipeline without its database
 */
export async function makeFolders(places: PipelinePlaces): Promise<void> {
  const { versions, heldOut, reservoir, pending, work } = places;
  const folders = [versions, heldOut, reservoir, pending, work];
  if (!await exists(places.database)) await requireEmpty(folders, places);
  for (const folder of folders) {
    await Deno.mkdir(folder, { recursive: true }).catch((cause) => {
      throw writeError(folder, cause);
    });
  }
}

// What the database does not name is cleared away: without one, that would be everything.
async function requireEmpty(
  folders: readonly string[],
  { database, root }: PipelinePlaces,
): Promise<void> {
  for (const folder of folders) {
    if (!await exists(folder)) continue;
    for await (const { name } of Deno.readDir(folder)) {
      // Those of a file system, a file browser or git: nothing of a pipeline, and nothing that one clears away.
      if (/^(lost\+found|\.(?!v\d).*)$/.test(name)) continue;
      throw new DbksvdError(
        "usage",
        `The root holds something, but no ${basename(database)}`,
        {
          where: { file: join(folder, name) },
          mend:
            `name a root of the pipeline's own, or bring ${database} back; a new pipeline begins in an empty ${root}`,
        },
      );
    }
  }
}

/** The names of {@linkcode rowsFile}'s files. */
export const ROWS_NAME = /^\d{6,}\.f32$/;
/** The names of versions, and of what a killed run left of one. */
export const VERSION_NAME = /^(v\d{6,}|\.v\d{6,}\.\w+(\.tmp)?)$/;

/** The file of a run's rows, under `held-out`, `reservoir` or `pending`. */
export function rowsFile(folder: string, run: number): string {
  return join(folder, `${String(run).padStart(6, "0")}.f32`);
}

/** A run's version, should it make one. */
export function versionId(run: number): string {
  return `v${String(run).padStart(6, "0")}`;
}

/** Where a version's model directory lies. */
export function versionFolder(places: PipelinePlaces, version: string): string {
  return join(places.versions, version);
}
