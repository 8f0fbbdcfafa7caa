import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { exists } from "../files/atomic.ts";
import type { Activation, SparseAutoencoder } from "../model/autoencoder.ts";
import { MODEL_FILES } from "../model/directory.ts";
import { parseLabels } from "../model/labels.ts";
import { type NumpyArray, readNpy } from "../files/npy.ts";
import { openSafetensors, type Safetensors } from "../files/safetensors.ts";
import { transpose } from "../model/transpose.ts";
import { readZip } from "../files/zip.ts";

/** Files by which each format is known, and what reads it. */
const FORMATS: readonly {
  file: string;
  read(directory: string): Promise<SparseAutoencoder>;
}[] = [
  { file: "sae_weights.safetensors", read: readSaeLens },
  { file: "sae.safetensors", read: readSparsify },
  { file: "params.npz", read: readGemmaScope },
  { file: "ae.safetensors", read: readDictionaryLearning },
];

/**
 * Reads a sparse autoencoder that another tool wrote, to evaluate it with its own encoder or to start a training from its
 * decoder: SAELens (`standard`, `topk`, `jumprelu`, `matching_pursuit`), EleutherAI sparsify, Gemma Scope, and
 * dictionary_learning saved as safetensors.
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
 * assert.equal(sae?.atoms, 16);
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
      sae.labels = parseLabels(await Deno.readTextFile(labels), sae, labels);
    }
    return sae;
  }
}

async function readSaeLens(directory: string): Promise<SparseAutoencoder> {
  const cfg = await readConfig(join(directory, "cfg.json"));
  const path = join(directory, "sae_weights.safetensors");
  const file = await openSafetensors(path);
  const normalisation = String(cfg.normalize_activations ?? "none");
  if (["layer_norm", "constant_norm_rescale"].includes(normalisation)) {
    throw unknown(path, `it normalises rows by "${normalisation}"`);
  }
  const { dictionary, atoms, width } = await decoderRows(file, "W_dec", path);
  const architecture = String(cfg.architecture ?? "standard");
  const centresInput = cfg.apply_b_dec_to_input !== false;
  const mean = await file.float32("b_dec", [width]);
  const pursuit = architecture === "matching_pursuit";
  return {
    format: "SAELens",
    width,
    atoms,
    dictionary,
    mean: pursuit && !centresInput ? new Float32Array(width) : mean,
    encoder: pursuit
      ? undefined
      : transpose(await file.float32("W_enc", [width, atoms]), width, atoms),
    encoderBias: pursuit ? undefined : await file.float32("b_enc", [atoms]),
    centresInput,
    scalesByLength: cfg.rescale_acts_by_decoder_norm === true,
    activation: pursuit
      ? pursuitOf(cfg, width)
      : await activationOf(cfg, architecture, file, atoms, path),
    metadata: isJsonObject(cfg.metadata) ? cfg.metadata : {},
  };
}

function pursuitOf(cfg: Record<string, unknown>, width: number): Activation {
  return {
    kind: "matching_pursuit",
    residualThreshold: numberOr(cfg.residual_threshold, 1e-2),
    maxIterations: numberOr(cfg.max_iterations, width),
    stopOnDuplicateSupport: cfg.stop_on_duplicate_support !== false,
  };
}

async function activationOf(
  cfg: Record<string, unknown>,
  architecture: string,
  file: Safetensors,
  atoms: number,
  path: string,
): Promise<Activation> {
  const older = cfg.activation_fn_str ?? cfg.activation_fn;
  const kwargs = isJsonObject(cfg.activation_fn_kwargs)
    ? cfg.activation_fn_kwargs
    : {};
  if (architecture === "jumprelu") {
    const logarithm = file.header.tensors.has("log_threshold");
    const threshold = await file.float32(
      logarithm ? "log_threshold" : "threshold",
      [atoms],
    );
    return {
      kind: "jumprelu",
      threshold: logarithm ? threshold.map(Math.exp) : threshold,
    };
  }
  if (architecture === "topk" || older === "topk") {
    return { kind: "topk", k: sparsityOf(cfg.k ?? kwargs.k, atoms, path) };
  }
  if (architecture === "standard") return { kind: "relu" };
  throw unknown(path, `its architecture is "${architecture}"`);
}

async function readSparsify(directory: string): Promise<SparseAutoencoder> {
  const cfg = await readConfig(join(directory, "cfg.json"));
  const path = join(directory, "sae.safetensors");
  const file = await openSafetensors(path);
  const activation = String(cfg.activation ?? "topk");
  if (activation !== "topk") throw unknown(path, `it uses "${activation}"`);
  if (cfg.transcode === true || cfg.skip_connection === true) {
    throw unknown(path, "it is a transcoder or has a skip connection");
  }
  const { dictionary, atoms, width } = await decoderRows(file, "W_dec", path);
  return {
    format: "sparsify",
    width,
    atoms,
    dictionary,
    mean: await file.float32("b_dec", [width]),
    encoder: await file.float32("encoder.weight", [atoms, width]),
    encoderBias: await file.float32("encoder.bias", [atoms]),
    centresInput: true,
    scalesByLength: false,
    activation: { kind: "topk", k: sparsityOf(cfg.k, atoms, path) },
    metadata: isJsonObject(cfg.metadata) ? cfg.metadata : {},
  };
}

async function readGemmaScope(directory: string): Promise<SparseAutoencoder> {
  const path = join(directory, "params.npz");
  const members = readZip(await Deno.readFile(path), path);
  const array = (name: string): NumpyArray => {
    const bytes = members.get(`${name}.npy`);
    if (bytes === undefined) throw unknown(path, `it has no array "${name}"`);
    return readNpy(bytes, `${path}:${name}`);
  };
  const { shape, data: dictionary } = array("W_dec");
  const [atoms, width] = shape;
  const sized = (name: string, ...expected: number[]) => {
    const { shape, data } = array(name);
    if (shape.join() === expected.join()) return data;
    throw unknown(path, `"${name}" is [${shape}], expected [${expected}]`);
  };
  if (shape.length !== 2) throw unknown(path, `"W_dec" is [${shape}]`);
  return {
    format: "Gemma Scope",
    width,
    atoms,
    dictionary,
    mean: sized("b_dec", width),
    encoder: transpose(sized("W_enc", width, atoms), width, atoms),
    encoderBias: sized("b_enc", atoms),
    centresInput: false,
    scalesByLength: false,
    activation: { kind: "jumprelu", threshold: sized("threshold", atoms) },
    metadata: {},
  };
}

async function readDictionaryLearning(
  directory: string,
): Promise<SparseAutoencoder> {
  const cfg = await readConfig(join(directory, "config.json"));
  const path = join(directory, "ae.safetensors");
  const file = await openSafetensors(path);
  const trainer = isJsonObject(cfg.trainer) ? cfg.trainer : {};
  const kind = String(trainer.dict_class ?? "AutoEncoderTopK");
  const topk = kind === "AutoEncoderTopK";
  if (!topk && !/^(Matryoshka)?BatchTopKSAE$/.test(kind)) {
    throw unknown(path, `its class is "${kind}"`);
  }
  const encoder = await file.float32("encoder.weight", [undefined, undefined]);
  const [atoms, width] = file.header.tensors.get("encoder.weight")!.shape;
  const columns = await file.float32("decoder.weight", [width, atoms]);
  const k = (await file.float32("k", []))[0];
  const threshold = topk ? -1 : (await file.float32("threshold", []))[0];
  return {
    format: "dictionary_learning",
    width,
    atoms,
    dictionary: transpose(columns, width, atoms),
    mean: await file.float32("b_dec", [width]),
    encoder,
    encoderBias: await file.float32("encoder.bias", [atoms]),
    centresInput: true,
    scalesByLength: false,
    activation: threshold < 0
      ? { kind: "topk", k: sparsityOf(k, atoms, path) }
      : {
        kind: "jumprelu",
        threshold: new Float32Array(atoms).fill(threshold),
      },
    metadata: isJsonObject(cfg.metadata) ? cfg.metadata : {},
  };
}

async function decoderRows(file: Safetensors, name: string, path: string) {
  const dictionary = await file.float32(name, [undefined, undefined]);
  const [atoms, width] = file.header.tensors.get(name)!.shape;
  if (atoms > 0 && width > 0) return { dictionary, atoms, width };
  throw unknown(path, `its decoder is [${[atoms, width]}]`);
}

function checkFinite(sae: SparseAutoencoder, path: string) {
  const parts = [sae.dictionary, sae.mean, sae.encoder, sae.encoderBias];
  if (parts.every((part) => part?.every(Number.isFinite) ?? true)) return;
  throw unknown(path, "it holds values that are not finite");
}

async function readConfig(path: string): Promise<Record<string, unknown>> {
  try {
    const config = JSON.parse(await Deno.readTextFile(path));
    if (isJsonObject(config)) return config;
    throw new SyntaxError("not an object");
  } catch (cause) {
    throw new DbksvdError("data", "Cannot read an autoencoder's config", {
      where: { file: path },
      mend: cause instanceof Deno.errors.NotFound
        ? "there is no such file; copy it from where the weights came from"
        : "it has to be a JSON object",
      cause,
    });
  }
}

function sparsityOf(k: unknown, atoms: number, path: string): number {
  if (Number.isInteger(k) && Number(k) >= 1 && Number(k) <= atoms) {
    return Number(k);
  }
  throw unknown(path, `its k is ${k}`);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function unknown(path: string, why: string): DbksvdError {
  return new DbksvdError("data", `Cannot use the autoencoder, ${why}`, {
    where: { file: path },
    mend: "docs/inputs.md lists the autoencoders that are read",
  });
}
