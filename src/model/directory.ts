import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import {
  exists,
  previousOf,
  writeDirectoryAtomically,
} from "../files/atomic.ts";
import type { FileContents } from "../files/atomic.ts";
import { CHECKPOINT_DIRECTORY } from "./checkpoint.ts";
import { dictionaryFileParts, readDictionaryFile } from "./dictionary_file.ts";
import { LABEL_FILES, labelsJson, parseLabels } from "../labels/file.ts";
import { metricsBytes, metricsIn, type MetricsLines } from "./metrics_lines.ts";
import type { DictionaryModel, MetricsLine, ModelConfig } from "./model.ts";
import { parseConfig } from "./records.ts";
import { readText as readFileText } from "../files/text.ts";

/** Names of the files in a model directory. */
export const MODEL_FILES = {
  dictionary: "dictionary.safetensors",
  config: "config.json",
  metrics: "metrics.jsonl",
  labels: LABEL_FILES.labels,
  lostLabels: LABEL_FILES.lost,
  report: "report.html",
} as const;

/**
 * What else the tool makes of a model and keeps in its directory, and what NFS makes of that while it is open: none of
 * it is of the model that comes next.
 */
const DERIVED =
  /^((probe|drift|labels\.suggested)\.json|inspection\.sqlite(-\w+)?|\..*\.tmp|\.nfs\w+)$/;

/** Whether a name in a model directory is none of the tool's: what somebody put there. */
export function isSomebodys(name: string): boolean {
  const own: string[] = [...Object.values(MODEL_FILES), CHECKPOINT_DIRECTORY];
  return !own.includes(name) && !DERIVED.test(name);
}

/** A model directory's contents. */
export interface LoadedModel {
  /** The dictionary. */
  model: DictionaryModel;
  /** The record of its training. */
  config: ModelConfig;
  /** A line an iteration, read from the file as they are gone through (`for await`); damage is found then. */
  metrics: AsyncIterable<MetricsLine>;
}

/**
 * Writes a model directory whole or not at all; one that is there already is replaced.
 *
 * @param directory where to
 * @param model the dictionary with its normalisation, usage and labels
 * @param config the record of its training
 * @param metrics a line an iteration
 * @param extras further files, such as `report.html`, by name
 * @param stays whether what somebody put into the directory that is there stays in it
 * @param mayGo asked once all is written, right before it is put in place
 * @returns false where it was not to go there: nothing has changed then
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function saveModel(
  directory: string,
  model: DictionaryModel,
  config: ModelConfig,
  metrics: MetricsLines,
  extras: Readonly<Record<string, string | Uint8Array>> = {},
  stays = false,
  mayGo?: () => Promise<boolean>,
): Promise<boolean> {
  const files: FileContents[] = [
    { name: MODEL_FILES.dictionary, parts: dictionaryFileParts(model) },
    textFile(MODEL_FILES.config, `${JSON.stringify(config, null, 2)}\n`),
    { name: MODEL_FILES.metrics, parts: metricsBytes(metrics) },
  ];
  if (model.labels !== undefined) {
    files.push(textFile(MODEL_FILES.labels, labelsJson(model.labels)));
  }
  for (const [name, contents] of Object.entries(extras)) {
    files.push(
      typeof contents === "string"
        ? textFile(name, contents)
        : { name, parts: [contents] },
    );
  }
  return await writeDirectoryAtomically(
    directory,
    files,
    (name) => stays && isSomebodys(name),
    mayGo,
  );
}

/**
 * Loads and validates a model directory.
 *
 * @param directory what `train` wrote
 * @throws {DbksvdError} `data` where it is missing, unfinished or damaged
 */
export async function loadModel(directory: string): Promise<LoadedModel> {
  return await wholly(() => placeOf(directory), loadFrom);
}

/** Replacements may spoil readings for so long, before what was read last is taken as it is. */
const PATIENCE_MS = 10_000;

/** Looks for the directory: between the renames of a replacement there is none. */
const MOST_LOOKS = 5;

/** The longest pause before the next reading. */
const MOST_PAUSE_MS = 20;

/**
 * Reads several files of a directory that another process may replace as a whole at any moment: all from the same one.
 *
 * @param find where the directory is just now
 * @param read reads it
 */
export async function wholly<T>(
  find: () => Promise<string>,
  read: (place: string) => Promise<T>,
): Promise<T> {
  const start = performance.now();
  for (let reading = 1, missed = 0;; reading++) {
    const isLast = performance.now() - start > PATIENCE_MS;
    let isStill = () => Promise.resolve(++missed === MOST_LOOKS);
    try {
      // A link may lead elsewhere at any moment: it is followed once.
      const place = await Deno.realPath(await find());
      const before = await whichDirectory(place);
      missed = 0;
      // What was replaced stands beside itself until it is taken away, file by file: found anew, it is still in place.
      isStill = async () =>
        await find().then(Deno.realPath).catch(() => "") === place &&
        await whichDirectory(place).catch(() => "") === before;
      const result = await read(place);
      if (isLast || await isStill()) return result;
    } catch (error) {
      if (isLast || await isStill()) throw error;
    }
    const pause = Math.min(reading, MOST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

// Numbers of directories are given again once these are gone, so the time counts, too.
async function whichDirectory(place: string): Promise<string> {
  const { dev, ino, birthtime, mtime } = await Deno.stat(place);
  return `${dev} ${ino} ${(birthtime ?? mtime)?.getTime()}`;
}

async function loadFrom(place: string): Promise<LoadedModel> {
  const [model, config, labels] = await Promise.all([
    readDictionaryFile(join(place, MODEL_FILES.dictionary)),
    readText(place, MODEL_FILES.config).then((text) =>
      parseConfig(text ?? noRecord(place), join(place, MODEL_FILES.config))
    ),
    readText(place, MODEL_FILES.labels),
  ]);
  if (labels !== undefined) {
    model.labels = parseLabels(labels, model, join(place, MODEL_FILES.labels));
  }
  const metrics = metricsIn(join(place, MODEL_FILES.metrics));
  return { model, config, metrics };
}

/** Whether a directory is a model's of this tool, with the record of its training; an export has none. */
export async function isModelDirectory(directory: string): Promise<boolean> {
  const { dictionary, config } = MODEL_FILES;
  return await exists(join(directory, dictionary)) &&
    await exists(join(directory, config));
}

function noRecord(directory: string): never {
  throw new DbksvdError("data", "Not a model directory", {
    where: { file: directory },
    mend:
      `it holds no ${MODEL_FILES.config}; name the directory that train wrote`,
  });
}

/** Where a model directory's files are just now: beside itself, if a replacement was cut off half-way. */
async function placeOf(directory: string): Promise<string> {
  if (await exists(join(directory, MODEL_FILES.dictionary))) return directory;
  const previous = previousOf(directory);
  const cutOff = !(await exists(directory)) &&
    await exists(join(previous, MODEL_FILES.dictionary));
  if (cutOff) return previous;
  if (await exists(join(directory, CHECKPOINT_DIRECTORY))) {
    throw new DbksvdError("data", "The model's training is not finished", {
      where: { file: directory },
      mend: "go on with it with train --resume",
    });
  }
  throw new DbksvdError("data", "Not a model directory", {
    where: { file: directory },
    mend: await exists(directory)
      ? `it holds no ${MODEL_FILES.dictionary}; name the directory that train wrote`
      : "there is no such directory; name the one that train wrote",
  });
}

async function readText(
  directory: string,
  name: string,
): Promise<string | undefined> {
  try {
    return await readFileText(join(directory, name));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    if (cause instanceof DbksvdError) throw cause;
    throw new DbksvdError("data", "Cannot read a model's file", {
      where: { file: join(directory, name) },
      mend: "check that it is a readable file",
      cause,
    });
  }
}

function textFile(name: string, text: string): FileContents {
  return { name, parts: [new TextEncoder().encode(text)] };
}
