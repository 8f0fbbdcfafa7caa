import { join } from "node:path";
import { writeError } from "../files/atomic.ts";

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

/** Makes the folders under the root that are not there yet. */
export async function makeFolders(places: PipelinePlaces): Promise<void> {
  const { versions, heldOut, reservoir, pending, work } = places;
  for (const folder of [versions, heldOut, reservoir, pending, work]) {
    await Deno.mkdir(folder, { recursive: true }).catch((cause) => {
      throw writeError(folder, cause);
    });
  }
}

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
