import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";

const STATE = "state.json";
const SPLITS = "dataset_dict.json";

/** Files that describe a data set. */
const DESCRIPTIONS: readonly string[] = [STATE, SPLITS, "dataset_info.json"];

/** A folder that Hugging Face's `save_to_disk` wrote. */
export interface DatasetFolder {
  /** The folders of a data set's splits, in order; none for one without. */
  splits: string[];
  /** Its files of rows, in order. */
  files: string[];
  /** Whether a name in the folder is one of the data set: what else lies there, such as caches, is none of its rows. */
  owns(name: string): boolean;
}

/**
 * The data set in a folder, by its state.
 *
 * @param directory where it may be
 * @returns undefined where there is none
 * @throws {DbksvdError} `data` where it is damaged, or selects rows by an index
 */
export function datasetFolder(directory: string): DatasetFolder | undefined {
  const splits = readJson(join(directory, SPLITS))?.splits;
  const state = readJson(join(directory, STATE));
  const listed = state?._data_files;
  if (!Array.isArray(splits) && !Array.isArray(listed)) return undefined;
  const indices = state?._indices_data_files;
  if (Array.isArray(indices) && indices.length > 0) {
    throw new DbksvdError("data", "The data set selects rows by an index", {
      where: { file: directory },
      mend: "write it again with flatten_indices() before save_to_disk()",
    });
  }
  const names = Array.isArray(splits) ? splits.map(String) : [];
  const files = Array.isArray(listed)
    ? listed.map((entry) => String(isJsonObject(entry) && entry.filename))
    : [];
  const own = [...DESCRIPTIONS, ...names, ...files];
  const paths = (names: string[]) =>
    names.map((name) => {
      const path = join(directory, name);
      if (existsSync(path)) return path;
      throw new DbksvdError("data", "The data set lacks a part", {
        where: { file: path },
        mend: "copy it again, or write it again with save_to_disk()",
      });
    });
  return {
    splits: paths(names),
    files: paths(files),
    owns: (name) => own.includes(name),
  };
}

function readJson(path: string): Record<string, unknown> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const value = JSON.parse(readFileSync(path, "utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
