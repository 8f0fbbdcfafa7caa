import { globSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { looksLikeStream } from "../arrow/batches.ts";
import { type ByteSource, LocalFile } from "../files/bytes.ts";
import { InputHeaders } from "../net/headers.ts";
import { resolveHub } from "../net/hub.ts";
import { openRemote, type RemoteOptions, requestOptions } from "../net/open.ts";
import { type RemotePlace, remotePlace } from "../net/place.ts";
import { datasetFolder } from "./hugging_face.ts";
import { NotReadList } from "./not_read.ts";

/** What a file holds. */
export type FileFormat = "parquet" | "arrow" | "safetensors" | "npy" | "raw";

const EXTENSIONS: Record<string, FileFormat> = {
  parquet: "parquet",
  pq: "parquet",
  arrow: "arrow",
  arrows: "arrow",
  feather: "arrow",
  ipc: "arrow",
  safetensors: "safetensors",
  npy: "npy",
  f32: "raw",
};

/** A file that an input names: a local path, or a place on the web. */
export type FoundFile = { path: string } | { place: RemotePlace };

/**
 * The files that inputs name, in the order of the inputs, those of a directory or glob in the order of their names.
 *
 * @param inputs files, directories, globs, `http(s)://` and `hf://`
 * @param options how the hub is asked
 * @param notRead takes what lies there and is not read
 */
export async function findFiles(
  inputs: readonly string[],
  options: RemoteOptions = {},
  notRead = new NotReadList(),
): Promise<FoundFile[]> {
  if (inputs.length === 0) {
    throw new DbksvdError("data", "There are no inputs", {
      mend: "name files, directories, globs or URLs",
    });
  }
  const found: FoundFile[] = [];
  const headers = InputHeaders.of(inputs);
  for (const input of inputs) {
    if (input.startsWith("hf://")) {
      const asked = requestOptions(options);
      const places = await resolveHub(input, isRowFile, headers, asked);
      found.push(...places.map((place) => ({ place })));
    } else if (/^https?:\/\//i.test(input)) {
      found.push({ place: placeOf(input, headers) });
    } else {
      found.push(...findLocal(input, notRead).map((path) => ({ path })));
    }
  }
  return found;
}

/** Opens a file that was found. */
export async function openFound(
  file: FoundFile,
  options: RemoteOptions,
  budget: number,
): Promise<ByteSource> {
  return "path" in file
    ? new LocalFile(file.path)
    : await openRemote(file.place, options, budget);
}

/** What a file holds: by its extension, else by how it begins; a file of no known format is taken for raw numbers where a width is given. */
export async function detectFormat(
  source: ByteSource,
  width: number | undefined,
): Promise<FileFormat> {
  const named = formatOf(source.path);
  if (named !== undefined) return named;
  const head = await source.read(0, Math.min(8, source.size));
  const magic = String.fromCharCode(...head.subarray(0, 6));
  if (magic.startsWith("PAR1")) return "parquet";
  if (magic === "ARROW1" || looksLikeStream(head)) return "arrow";
  if (magic.startsWith("\x93NUMPY")) return "npy";
  return width === undefined ? "parquet" : "raw";
}

function formatOf(path: string): FileFormat | undefined {
  return EXTENSIONS[/\.([^./]+)$/.exec(path)?.[1].toLowerCase() ?? ""];
}

/** Whether a path's ending is one of files of rows. */
export function isRowFile(path: string): boolean {
  return formatOf(path) !== undefined;
}

/**
 * A URL's place.
 *
 * @throws {DbksvdError} `data` where it is none
 */
export function placeOf(input: string, headers?: InputHeaders): RemotePlace {
  try {
    return remotePlace(input, headers);
  } catch (cause) {
    // Not shown: there may be a password in it.
    throw new DbksvdError("data", "Not an address", {
      mend: "check the URL",
      cause,
    });
  }
}

function findLocal(input: string, notRead: NotReadList): string[] {
  const info = statSync(input, { throwIfNoEntry: false });
  if (info?.isDirectory()) {
    const files = walk(input, notRead);
    if (files.length > 0) return files;
    throw new DbksvdError("data", "Directory holds no file of rows", {
      where: { file: input },
      mend:
        "it may hold .parquet, .arrow, .safetensors, .npy, .npz and .f32 files",
    });
  }
  if (info === undefined && /[*?[{]/.test(input)) {
    const files = globSync(input).filter((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) notRead.add(lostReason(path), path);
      else if (!found.isFile()) notRead.add("folder", path);
      return found?.isFile();
    });
    if (files.length > 0) return files.sort();
    throw new DbksvdError("data", "No file matches", {
      where: { file: input },
      mend: "check the pattern",
    });
  }
  return [input];
}

// Hidden files and directories are left out: writers keep unfinished work in them.
function walk(directory: string, notRead: NotReadList): string[] {
  const dataset = datasetFolder(directory);
  const files = dataset?.files ?? [];
  for (const split of dataset?.splits ?? []) {
    files.push(...walk(split, notRead));
  }
  const entries = readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => a.name < b.name ? -1 : 1);
  for (const entry of entries) {
    const path = join(directory, entry.name);
    const info = statSync(path, { throwIfNoEntry: false });
    const known = formatOf(path) !== undefined;
    if (/^[._]/.test(entry.name)) {
      if (known || info?.isDirectory()) notRead.add("hidden", path);
    } else if (info === undefined) notRead.add(lostReason(path), path);
    else if (dataset !== undefined) {
      if (!dataset.owns(entry.name)) notRead.add("not listed", path);
    } else if (info.isDirectory()) {
      if (entry.isSymbolicLink()) notRead.add("linked folder", path);
      else files.push(...walk(path, notRead));
    } else if (known && info.isFile()) files.push(path);
    else notRead.add("ending", path);
  }
  return files;
}

// Names that are not UTF-8 come with a replacement character in them, and lead nowhere.
function lostReason(path: string) {
  return path.includes("\uFFFD") ? "name" : "dangling link";
}
