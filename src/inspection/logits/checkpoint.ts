import { basename, dirname, join } from "node:path";
import { DbksvdError } from "../../errors.ts";
import { openSafetensors } from "../../files/safetensors.ts";
import type { TensorEntry } from "../../files/safetensors_header.ts";
import { readTextFile } from "../../files/text.ts";
import { isJsonObject } from "../../json.ts";

const INDEX = "model.safetensors.index.json";
const WHOLE = "model.safetensors";

/** A tensor of a checkpoint, and where it lies. */
export interface StoredTensor extends TensorEntry {
  /** Its name. */
  name: string;
  /** The file that holds it. */
  file: string;
  /** Where it begins in the file. */
  offset: number;
}

/** A language model's tensors: one file, or the shards of a folder. */
export interface Checkpoint {
  /** The folder, where config.json and tokenizer.json would be. */
  folder: string;
  /** As it was named, for messages. */
  path: string;
  /** All tensors' names. */
  names: string[];
  /** Where one lies. */
  find(name: string): Promise<StoredTensor>;
}

/**
 * Opens a checkpoint: a safetensors file, its `model.safetensors.index.json`, or the folder that holds either.
 *
 * @param path where it is
 * @throws {DbksvdError} `data` where there is none, or it is damaged
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const file = await fileOf(path);
  if (!file.endsWith(".json")) {
    const { header: { tensors } } = await openSafetensors(file);
    return checkpoint(path, dirname(file), [...tensors.keys()], () => file);
  }
  const shards = await shardsOf(file);
  const folder = dirname(file);
  return checkpoint(
    path,
    folder,
    [...shards.keys()],
    (name) => join(folder, shards.get(name)!),
  );
}

async function fileOf(path: string): Promise<string> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
    throw new DbksvdError("usage", "The unembedding is not read from the web", {
      where: { file: path },
      mend: "download it and give its path",
    });
  }
  if (!(await isFolder(path))) return path;
  for (const name of [INDEX, WHOLE]) {
    const file = join(path, name);
    if (await isThere(file)) return file;
  }
  throw new DbksvdError("data", "The folder holds no checkpoint", {
    where: { file: path },
    mend: `it should have ${WHOLE} or ${INDEX}; or name a safetensors file`,
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false;
  }
}

/** Whether there is a file of that name. */
export async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

// Shards lie beside their index: a name that leads elsewhere is no shard's.
async function shardsOf(file: string): Promise<Map<string, string>> {
  const refuse = (why: string, cause?: unknown) =>
    new DbksvdError("data", `Not an index of shards, ${why}`, {
      where: { file },
      mend: "write or download it again",
      cause,
    });
  let index: unknown;
  try {
    index = JSON.parse(await readTextFile(file));
  } catch (cause) {
    if (cause instanceof DbksvdError) throw cause;
    throw refuse("it is not JSON", cause);
  }
  const map = isJsonObject(index) ? index.weight_map : undefined;
  if (!isJsonObject(map)) throw refuse("it has no weight_map");
  const shards = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || basename(shard) !== shard) {
      throw refuse(`tensor "${name}" is in no file beside it`);
    }
    shards.set(name, shard);
  }
  return shards;
}

function checkpoint(
  path: string,
  folder: string,
  names: string[],
  fileOf: (name: string) => string,
): Checkpoint {
  return {
    path,
    folder,
    names,
    async find(name) {
      const file = fileOf(name);
      const { header } = await openSafetensors(file);
      const entry = header.tensors.get(name);
      if (entry === undefined) {
        throw new DbksvdError("data", `The shard has no tensor "${name}"`, {
          where: { file },
          mend: "download the checkpoint again: index and shard disagree",
        });
      }
      return { ...entry, name, file, offset: header.dataStart + entry.start };
    },
  };
}

/**
 * The tensor whose name ends so, whole parts of names only: of several the one of the shortest name, which is the
 * language model's own, not that of a part.
 */
export function endingIn(
  names: readonly string[],
  endings: readonly string[],
): string | undefined {
  for (const ending of endings) {
    const found = names
      .filter((name) => name === ending || name.endsWith(`.${ending}`))
      .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    if (found.length > 0) return found[0];
  }
  return undefined;
}
