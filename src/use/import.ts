import { join } from "node:path";
import { exists } from "../files/atomic.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import { MODEL_FILES } from "../model/directory.ts";
import { parseLabels } from "../labels/file.ts";
import { unusable } from "./import/config.ts";
import { readDictionaryLearning } from "./import/dictionary_learning.ts";
import { readGemmaScope, readGemmaScope2 } from "./import/gemma_scope.ts";
import { readSaeLens } from "./import/saelens.ts";
import { readSparsify } from "./import/sparsify.ts";
import { readText } from "../files/text.ts";

/** Files by which each format is known, and what reads it. */
const FORMATS: readonly {
  file: string;
  read(directory: string): Promise<SparseAutoencoder>;
}[] = [
  { file: "sae_weights.safetensors", read: readSaeLens },
  { file: "sae.safetensors", read: readSparsify },
  { file: "params.npz", read: readGemmaScope },
  { file: "params.safetensors", read: readGemmaScope2 },
  { file: "ae.safetensors", read: readDictionaryLearning },
];

/**
 * Reads a sparse autoencoder that another tool wrote, to evaluate it with its own encoder or to start a training from
 * its decoder: SAELens (`standard`, `topk`, `jumprelu`, `gated`, `matching_pursuit`), EleutherAI sparsify, Gemma
 * Scope 1 and 2, and dictionary_learning saved as safetensors. What its own tool would compute is computed; an
 * autoencoder with a field, a tensor or a setting that is not known is refused.
 *
 * @param directory where its files are
 * @returns the autoencoder; undefined where no file of a known format is there
 * @throws {DbksvdError} `data` where files are damaged or of a kind that is not known
 *
 * @example
 * ```ts
 * import { exportModel, importModel, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const out = await Deno.makeTempDir() + "/sae";
 * await exportModel(model, { format: "saelens-topk", out, source, device: "cpu" });
 * const sae = await importModel(out);
 * assert.equal(sae?.atoms, 8);
 * ```
 */
export async function importModel(
  directory: string,
): Promise<SparseAutoencoder | undefined> {
  for (const { file, read } of FORMATS) {
    if (!(await exists(join(directory, file)))) continue;
    const sae = await read(directory);
    checkFinite(sae, join(directory, file));
    const labels = join(directory, MODEL_FILES.labels);
    if (await exists(labels)) {
      sae.labels = parseLabels(await readText(labels), sae, labels);
    }
    return sae;
  }
}

function checkFinite(sae: SparseAutoencoder, path: string) {
  const parts = [sae.dictionary, sae.mean, sae.encoder, sae.encoderBias];
  const activation = Object.values(sae.activation)
    .filter((part) => part instanceof Float32Array);
  const finite = [...parts, ...activation]
    .every((part) => part?.every(Number.isFinite) ?? true);
  if (!finite) throw unusable(path, "it holds values that are not finite");
}

/** How deep releases nest their folders: hook point, layer, width. */
const DEPTH = 3;

/** Folders below one that hold an autoencoder, or a model of this tool. */
export async function autoencodersBelow(
  directory: string,
  depth = DEPTH,
): Promise<string[]> {
  if (depth === 0) return [];
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory && !name.startsWith(".")) names.push(name);
  }
  const known = [...FORMATS.map(({ file }) => file), MODEL_FILES.dictionary];
  const found: string[] = [];
  for (const name of names.sort()) {
    const path = join(directory, name);
    const there = await Promise.all(
      known.map((file) => exists(join(path, file))),
    );
    if (there.includes(true)) found.push(path);
    else found.push(...await autoencodersBelow(path, depth - 1));
  }
  return found;
}
