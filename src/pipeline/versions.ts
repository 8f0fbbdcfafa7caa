import { basename, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { exists, temporarySibling } from "../files/atomic.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { PipelineSettings } from "./config.ts";
import { followNames, lockNames } from "./names.ts";
import type { PipelinePlaces } from "./places.ts";
import type { Store } from "./database.ts";

/** The version that the database says is current. */
export function currentVersion(store: Store): string | undefined {
  return store.one<{ version: string }>(
    "SELECT version FROM promotions ORDER BY id DESC LIMIT 1",
  )?.version;
}

/**
 * Makes `current` lead to a version: the link is replaced in one step, readers see the old one or the new one. The
 * names of atoms follow first.
 */
export async function linkCurrent(
  places: PipelinePlaces,
  version: string,
  onNotice?: (notice: string) => void,
): Promise<void> {
  const target = join("versions", version);
  const before = await linkTarget(places.current);
  const from = before === undefined ? undefined : basename(before);
  // Until the link leads there: a name given meanwhile is either among those that follow, or refused.
  using _names = await lockNames(places, version, from);
  await followNames(places, version, from, onNotice);
  if (before === target) return;
  const temporary = temporarySibling(places.current);
  await Deno.symlink(target, temporary);
  await Deno.rename(temporary, places.current);
  using folder = await Deno.open(places.root);
  await folder.sync();
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(path);
  } catch {
    return undefined;
  }
}

/** Makes a version's files read-only: a version never changes. */
export async function freeze(folder: string): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await freeze(path);
    else await Deno.chmod(path, 0o444);
  }
}

/** How far a version's atoms are from its parent's: atoms keep their index from version to version. */
export interface Drift {
  /** 1 − |⟨d_j, d_j'⟩| by atom. */
  atoms: number[];
  mean: number;
  max: number;
  /** How many atoms were given up and begun anew. */
  replaced: number;
  /** Which. */
  replacedAtoms: number[];
}

/** Compares a dictionary with its parent's, atom by atom. */
export function driftOf(
  model: DictionaryModel,
  parent: DictionaryModel,
  replacedAtoms: number[],
): Drift {
  const { atoms, width } = model;
  const drift = Array.from({ length: atoms }, (_, j) => {
    let cosine = 0;
    for (let i = j * width; i < (j + 1) * width; i++) {
      cosine += model.dictionary[i] * parent.dictionary[i];
    }
    return Math.max(0, 1 - Math.abs(cosine));
  });
  return {
    atoms: drift,
    mean: drift.reduce((sum, value) => sum + value, 0) / atoms,
    max: drift.reduce((most, value) => Math.max(most, value), 0),
    replaced: replacedAtoms.length,
    replacedAtoms,
  };
}

/** Removes what retention no longer keeps. Never the current version, nor the one that was current before it. */
export async function retire(
  store: Store,
  places: PipelinePlaces,
  retention: PipelineSettings["retention"],
  now: Date,
): Promise<string[]> {
  const safe = new Set(
    store.all<{ version: string; previous: string | null }>(
      "SELECT version, previous FROM promotions ORDER BY id DESC LIMIT 1",
    ).flatMap(({ version, previous }) => [version, previous]),
  );
  const oldest = retention.days === undefined
    ? ""
    : new Date(now.getTime() - retention.days * 86_400_000).toISOString();
  const kept = store.all<{ id: string; created: string }>(
    `SELECT id, created FROM versions WHERE removed IS NULL
     ORDER BY run DESC`,
  );
  const retired = kept.filter(({ id, created }, place) =>
    !safe.has(id) && (place >= retention.versions || created < oldest)
  ).map(({ id }) => id);
  for (const id of retired) {
    store.run("UPDATE versions SET removed = :now WHERE id = :id", {
      id,
      now: now.toISOString(),
    });
    await removeVersion(places, id);
  }
  return retired;
}

/** Removes a version's folder. */
async function removeVersion(
  places: PipelinePlaces,
  id: string,
): Promise<void> {
  await Deno.remove(join(places.versions, id), { recursive: true });
}

/** Makes an older version current again. The caller holds the pipeline's lock. */
export async function rollBack(
  store: Store,
  places: PipelinePlaces,
  now: Date,
  to?: string,
  onNotice?: (notice: string) => void,
): Promise<{ version: string; previous: string }> {
  const previous = currentVersion(store);
  const version = to ?? before(store, previous);
  if (previous === undefined || version === undefined) {
    throw new DbksvdError("usage", "There is no older version to go back to", {
      where: { file: places.root },
      mend: "see dbksvd pipeline history",
    });
  }
  const known = store.one<{ removed: string | null }>(
    "SELECT removed FROM versions WHERE id = :version",
    { version },
  );
  if (
    !known || known.removed || !await exists(join(places.versions, version))
  ) {
    throw new DbksvdError("usage", `There is no version "${version}"`, {
      where: { file: places.versions },
      mend: "see dbksvd pipeline history for those that are kept",
    });
  }
  if (version !== previous) {
    store.run(
      `INSERT INTO promotions (at, kind, version, previous)
       VALUES (:at, 'rollback', :version, :previous)`,
      { at: now.toISOString(), version, previous },
    );
  }
  await linkCurrent(places, version, onNotice);
  return { version, previous };
}

/** The version that the current one was trained from or, failing that, the promoted one before it. */
function before(store: Store, current?: string): string | undefined {
  return store.one<{ id: string }>(
    `SELECT id FROM versions
     WHERE promoted = 1 AND removed IS NULL
       AND run < (SELECT run FROM versions WHERE id = :current)
     ORDER BY run DESC LIMIT 1`,
    { current },
  )?.id;
}
