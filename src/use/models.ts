import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { exists } from "../files/atomic.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import { readDictionaryFile } from "../model/dictionary_file.ts";
import { loadModel, MODEL_FILES } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import { autoencoderCoder } from "./autoencoder_coder.ts";
import { decoderOf } from "./recode.ts";
import {
  engineCoder,
  type RowCoder,
  type RunOptions,
} from "../coding/coder.ts";
import { isRowFile } from "../rows/file_format.ts";
import { adviceFor } from "../rows/other_files.ts";
import { autoencodersBelow, importModel } from "./import.ts";

/** What can be evaluated: a dictionary of this tool, or another tool's sparse autoencoder. */
export type AnyModel = DictionaryModel | SparseAutoencoder;

/**
 * Loads a dictionary: from a model directory, a safetensors file with a tensor `dictionary`, or the decoder of another
 * tool's sparse autoencoder (its rows scaled to unit length).
 *
 * @param path a directory or file
 * @throws {DbksvdError} `data` where there is none, or it is damaged
 *
 * @example
 * ```ts
 * import { loadDictionary, rowsFromArray, saveModel, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const trained = await train(rowsFromArray(rows, 4), { atoms: 8, sparsity: 2 }, { device: "cpu" });
 * const directory = await Deno.makeTempDir() + "/model";
 * await saveModel(directory, trained.model, trained.config, trained.metrics);
 * const model = await loadDictionary(directory);
 * assert.deepEqual(model.dictionary, trained.model.dictionary);
 * ```
 */
export async function loadDictionary(path: string): Promise<DictionaryModel> {
  const model = await loadAnyModel(path);
  return "format" in model ? decoderOf(model) : model;
}

/**
 * Loads what can be evaluated: a dictionary, or another tool's sparse autoencoder with its own encoder.
 *
 * @param path a directory or file
 * @throws {DbksvdError} `data` where there is none, or it is damaged
 */
export async function loadAnyModel(path: string): Promise<AnyModel> {
  const kind = await kindOf(path);
  if (kind === "file") {
    requireModelFile(path);
    return path.endsWith(".npz")
      ? await foreign(join(path, ".."))
      : await readDictionaryFile(path);
  }
  const sae = kind === "directory" ? await importModel(path) : undefined;
  if (sae !== undefined) return sae;
  const exported = await exportedDictionary(path);
  if (exported !== undefined) return await readDictionaryFile(exported);
  if (kind === "directory") await requireNoneBelow(path);
  return (await loadModel(path)).model;
}

/** The coder that a model brings: its pursuit on an engine, or its own encoder. */
export function coderOf(
  model: AnyModel,
  options: RunOptions,
): Promise<RowCoder> {
  return "format" in model
    ? Promise.resolve(autoencoderCoder(model))
    : engineCoder(model, options);
}

// An export for SAEBench holds the dictionary itself, and no record of a training.
async function exportedDictionary(path: string): Promise<string | undefined> {
  const dictionary = join(path, MODEL_FILES.dictionary);
  const found = await Promise.all(
    [dictionary, join(path, "cfg.json"), join(path, MODEL_FILES.config)]
      .map(exists),
  );
  return found[0] && found[1] && !found[2] ? dictionary : undefined;
}

// A release holds a folder for each of its autoencoders.
async function requireNoneBelow(directory: string) {
  if (await exists(join(directory, MODEL_FILES.dictionary))) return;
  const below = await autoencodersBelow(directory);
  if (below.length === 0) return;
  const named = below.slice(0, 8).join(", ");
  throw new DbksvdError(
    "data",
    below.length === 1
      ? "The folder holds an autoencoder in a folder of its own"
      : "The folder holds several autoencoders",
    {
      where: { file: directory },
      mend: `name one: ${named}${below.length > 8 ? ", …" : ""}`,
    },
  );
}

// What stands first is the model: a file of rows there means that it was forgotten.
function requireModelFile(path: string) {
  const rows = isRowFile(path) && !/\.(safetensors|npz)$/i.test(path);
  if (!rows && adviceFor(path) === undefined) return;
  throw new DbksvdError("usage", "The file is no model", {
    where: { file: path },
    mend: "name the model's directory first, then the rows",
  });
}

async function kindOf(path: string) {
  if (!(await exists(path))) return "nothing";
  return (await Deno.stat(path)).isFile ? "file" : "directory";
}

async function foreign(directory: string): Promise<SparseAutoencoder> {
  const sae = await importModel(directory);
  if (sae !== undefined) return sae;
  throw new DbksvdError("data", "Not an autoencoder's directory", {
    where: { file: directory },
    mend: "name a directory with params.npz",
  });
}
