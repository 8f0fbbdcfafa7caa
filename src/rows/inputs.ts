import { type Dirent, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { type ByteSource, LocalFile, unreadable } from "../files/bytes.ts";
import { globPaths, isPattern } from "../files/glob.ts";
import { type FileFormat, formatOf, isRowFile } from "./file_format.ts";
import { InputHeaders } from "../net/headers.ts";
import { resolveHub, withHubToken } from "../net/hub.ts";
import { resolveS3 } from "../net/s3.ts";
import { openRemote, type RemoteOptions, requestOptions } from "../net/open.ts";
import { type RemotePlace, remotePlace } from "../net/place.ts";
import { type DatasetFolder, datasetFolder } from "./hugging_face.ts";
import { NotReadList } from "./not_read.ts";
import type { OpenRowsOptions } from "./options.ts";
import { adviceFor } from "./other_files.ts";
import { spoolStandardInput, STANDARD_INPUT } from "./standard_input.ts";
import { SHARD_INDEX, shardsOf } from "./shards.ts";

/** A file that an input names: a local path, or a place on the web. */
export type FoundFile =
  | { path: string }
  | { place: RemotePlace }
  | { source: ByteSource; format?: FileFormat };

/** How inputs are looked for. */
export type FindOptions =
  & RemoteOptions
  & Pick<OpenRowsOptions, "column" | "spoolDir" | "onNotice" | "signal">;

/**
 * The files that inputs name, in the order of the inputs, those of a directory or glob in the order of their names.
 *
 * @param inputs files, directories, globs, `http(s)://`, `s3://` and `hf://`; `-` is standard input, spooled here
 * @param options how the hub is asked, where standard input is spooled; the tensor that is wanted, where shards of
 * safetensors have an index
 * @param notRead takes what lies there and is not read
 */
export async function findFiles(
  inputs: readonly string[],
  options: FindOptions = {},
  notRead = new NotReadList(),
): Promise<FoundFile[]> {
  if (inputs.length === 0) {
    throw new DbksvdError("data", "There are no inputs", {
      mend: "name files, directories, globs or URLs",
    });
  }
  if (inputs.includes("")) {
    throw new DbksvdError("usage", "An input is empty", {
      mend: "name a file, or see whether the variable that names it is set",
    });
  }
  if (inputs.indexOf(STANDARD_INPUT) < inputs.lastIndexOf(STANDARD_INPUT)) {
    throw new DbksvdError("usage", "Standard input is named twice", {
      where: { file: STANDARD_INPUT },
      mend: "it can be read once: name it once",
    });
  }
  const found: FoundFile[] = [];
  const headers = InputHeaders.of(inputs);
  for (const input of inputs) {
    if (input === STANDARD_INPUT) {
      found.push({ source: await spoolStandardInput(options) });
    } else if (input.startsWith("hf://")) {
      const asked = requestOptions(options);
      const places = await resolveHub(
        input,
        isRowFile,
        (reason, address) => notRead.add(reason, address),
        headers,
        asked,
      );
      found.push(...places.map((place) => ({ place })));
    } else if (/^s3:\/\//i.test(input)) {
      const places = await resolveS3(
        input,
        isRowFile,
        (reason, address) => notRead.add(reason, address),
        requestOptions(options),
      );
      found.push(...places.map((place) => ({ place })));
    } else if (/^https?:\/\//i.test(input)) {
      found.push({ place: placeOf(input, headers) });
    } else {
      refuseAddress(input);
      const files = new LocalFiles(options.column, notRead).find(input);
      found.push(...files.map((path) => ({ path })));
    }
  }
  for (const notice of twiceNotices(found)) options.onNotice?.(notice);
  return found;
}

// A file that is named twice, by a link of a folder's too, is read twice: its rows count twice, and the split leaks.
function twiceNotices(found: readonly FoundFile[]): string[] {
  const first = new Map<string, string>();
  return found.flatMap((file) => {
    const info = "path" in file ? statOf(file.path) : undefined;
    // Some file systems number no files.
    if (!info?.ino) return [];
    const { path } = file as { path: string };
    // Beyond 2⁵³, as Lustre has them, neighbours' numbers are rounded to one.
    const key = [info.dev, info.ino, info.size, info.mtimeMs].join(" ");
    const before = first.get(key);
    if (before === undefined) first.set(key, path);
    return before === undefined
      ? []
      : [`${path} is the same file as ${before}: its rows are taken twice`];
  });
}

/** Opens a file that was found. */
export async function openFound(
  file: FoundFile,
  options: RemoteOptions,
  budget: number,
): Promise<ByteSource> {
  if ("source" in file) return file.source;
  return "path" in file
    ? new LocalFile(file.path)
    : await openRemote(file.place, options, budget);
}

/**
 * A URL's place, with the hub's token where it is the hub's.
 *
 * @throws {DbksvdError} `data` where it is none
 */
export function placeOf(input: string, headers?: InputHeaders): RemotePlace {
  try {
    return withHubToken(remotePlace(input, headers));
  } catch (cause) {
    // Not shown: there may be a password in it.
    throw new DbksvdError("data", "Not an address", {
      mend: "check the URL",
      cause,
    });
  }
}

// Addresses of storage services, which are reached by https as well.
function refuseAddress(input: string) {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(input) ?? [];
  if (scheme === undefined) return;
  const ways: Record<string, string> = {
    gs:
      `sign an https address (gcloud storage sign-url ${input}), or https://storage.googleapis.com/${rest} where it is public`,
    az: "sign an https address (az storage blob generate-sas)",
  };
  throw new DbksvdError("data", `Addresses of ${scheme}:// are not read`, {
    where: { file: input },
    mend: ways[scheme.toLowerCase()] ??
      "give paths, http(s)://, s3:// or hf://datasets/…",
  });
}

/** Finds files of rows in folders. */
class LocalFiles {
  constructor(
    readonly column: string | undefined,
    readonly notRead: NotReadList,
  ) {}

  /** The files that a path or a pattern names. */
  find(input: string): string[] {
    const { notRead } = this;
    const info = isPattern(input) ? patternItself(input) : statOf(input);
    if (info?.isDirectory()) {
      const files = this.#walk(input);
      if (files.length > 0) return files;
      const others = notRead.list().flatMap(({ paths }) => paths);
      const advice = others.map(adviceFor).find((one) => one !== undefined);
      throw new DbksvdError("data", "Directory holds no file of rows", {
        where: { file: input },
        mend: advice ??
          "it may hold .parquet, .arrow, .safetensors, .npy, .npz and .f32 files",
      });
    }
    if (info === undefined && isPattern(input)) {
      const { paths, shut } = globPaths(input);
      for (const { path, cause } of shut) {
        throw unreadable(path, cause, "Folder");
      }
      const files = paths.filter((path) => {
        const found = statOf(path);
        if (found === undefined) notRead.add(lostReason(path), path);
        else if (!found.isFile()) notRead.add(kindOfOther(found), path);
        return found?.isFile();
      });
      if (files.length > 0) return files;
      throw new DbksvdError("data", "No file matches", {
        where: { file: input },
        mend: "check the pattern",
      });
    }
    return input.endsWith(SHARD_INDEX) ? shardsOf(input, this.column) : [input];
  }

  // Hidden files and directories are left out: writers keep unfinished work in them.
  #walk(directory: string): string[] {
    const entries = entriesOf(directory);
    const dataset = datasetFolder(directory);
    if (dataset !== undefined) {
      return this.#dataset(dataset, directory, entries);
    }
    const shards = this.#shards(directory, entries);
    const files: string[] = [];
    for (const entry of entries) {
      const path = join(directory, entry.name);
      // A file system's own, which only root may look into.
      if (entry.name === "lost+found") continue;
      const info = statOf(path);
      const known = formatOf(path) !== undefined;
      if (/^[._]/.test(entry.name)) {
        if (known || info?.isDirectory()) this.notRead.add("hidden", path);
      } else if (info === undefined) this.notRead.add(lostReason(path), path);
      else if (info.isDirectory()) {
        if (entry.isSymbolicLink()) this.notRead.add("linked folder", path);
        else files.push(...this.#walk(path));
      } else if (known && info.isFile()) {
        if (shards?.get(path) === false) this.notRead.add("array", path);
        else files.push(path);
      } else if (known) this.notRead.add("other", path);
      else if (shards === undefined || !path.endsWith(SHARD_INDEX)) {
        this.notRead.add("ending", path);
      }
    }
    return files;
  }

  #dataset(dataset: DatasetFolder, directory: string, entries: Dirent[]) {
    for (const { name } of entries) {
      if (dataset.owns(name)) continue;
      this.notRead.add("not listed", join(directory, name));
    }
    const splits = dataset.splits.flatMap((split) => this.#walk(split));
    return [...dataset.files, ...splits];
  }

  // Whether each shard that an index in the folder names has the tensor that is wanted.
  #shards(directory: string, entries: Dirent[]) {
    const index = entries.find(({ name }) => name.endsWith(SHARD_INDEX));
    if (index === undefined || this.column === undefined) return undefined;
    const path = join(directory, index.name);
    const wanted = shardsOf(path, this.column);
    return new Map(
      shardsOf(path, undefined).map((shard) => [shard, wanted.includes(shard)]),
    );
  }
}

// A path's facts; undefined where nothing is there, or a link that leads to nothing or in a circle.
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as { code?: string }).code === "ELOOP") return undefined;
    throw unreadable(path, error);
  }
}

// A pattern that is the name of a file: where that cannot be known, it is a pattern.
function patternItself(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    throw unreadable(directory, error, "Folder");
  }
}

function kindOfOther(info: Stats) {
  return info.isDirectory() ? "folder" : "other";
}

// Names that are not UTF-8 come with a replacement character in them, and lead nowhere.
function lostReason(path: string) {
  return path.includes("\uFFFD") ? "name" : "dangling link";
}
