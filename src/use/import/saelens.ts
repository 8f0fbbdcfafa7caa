import { join } from "node:path";
import { exists } from "../../files/atomic.ts";
import type { Safetensors } from "../../files/safetensors.ts";
import { isJsonObject } from "../../json.ts";
import type { Activation, SparseAutoencoder } from "../../model/autoencoder.ts";
import { transpose } from "../../model/transpose.ts";
import {
  decoderRows,
  flag,
  openWeights,
  readConfig,
  recordOf,
  requireKnown,
  requireSize,
  requireTensors,
  sparsityOf,
  unusable,
} from "./config.ts";
import { FIELDS } from "./saelens_fields.ts";

/** Tensors of each architecture. */
const TENSORS: Record<string, readonly string[]> = {
  standard: ["W_enc", "b_enc", "W_dec", "b_dec"],
  topk: ["W_enc", "b_enc", "W_dec", "b_dec"],
  jumprelu: ["W_enc", "b_enc", "W_dec", "b_dec", "threshold", "log_threshold"],
  gated: ["W_enc", "b_gate", "b_mag", "r_mag", "W_dec", "b_dec"],
  matching_pursuit: ["W_dec", "b_dec"],
};

/** Factors of latents after a fine-tuning, under their names of versions 2 to 5. */
const FACTORS = ["scaling_factor", "finetuning_scaling_factor"];

/** SAELens takes factors as near to 1 as this for none. */
const NEAR_ONE = 1e-5;

/** Reads an autoencoder of SAELens, versions 3 to 6. */
export async function readSaeLens(
  directory: string,
): Promise<SparseAutoencoder> {
  const config = join(directory, "cfg.json");
  const cfg = await readConfig(config);
  requireKnown(cfg, FIELDS, config);
  const architecture = String(cfg.architecture ?? "standard");
  if (!Object.hasOwn(TENSORS, architecture)) {
    throw unusable(config, `its architecture is "${architecture}"`);
  }
  const path = join(directory, "sae_weights.safetensors");
  const file = await openWeights(path);
  requireTensors(file, [...TENSORS[architecture], ...FACTORS], path);
  const { dictionary, atoms, width } = await decoderRows(file, "W_dec", path);
  requireSize("d_in", cfg.d_in, width, config);
  requireSize("d_sae", cfg.d_sae, atoms, config);
  const mean = await file.float32("b_dec", [width]);
  const centresInput = flag(cfg, "apply_b_dec_to_input", true, config);
  const pursuit = architecture === "matching_pursuit";
  const sae: SparseAutoencoder = {
    format: "SAELens",
    width,
    atoms,
    dictionary,
    mean: pursuit && !centresInput ? new Float32Array(width) : mean,
    ...pursuit ? {} : await encoderOf(file, width, atoms),
    centresInput,
    scalesByLength: flag(cfg, "rescale_acts_by_decoder_norm", false, config),
    activation: await activationOf(cfg, architecture, file, sizes(), config),
    metadata: recordOf(cfg),
  };
  const scaled = flag(cfg, "finetuning_scaling_factor", false, config);
  await applyLatentFactors(sae, scaled, file, path);
  await foldNormalisation(sae, cfg, directory);
  return sae;

  function sizes() {
    return { atoms, width };
  }
}

async function encoderOf(file: Safetensors, width: number, atoms: number) {
  const encoder = await file.float32("W_enc", [width, atoms]);
  const gated = file.header.tensors.has("b_gate");
  return {
    encoder: transpose(encoder, width, atoms),
    encoderBias: gated
      ? new Float32Array(atoms)
      : await file.float32("b_enc", [atoms]),
  };
}

async function activationOf(
  cfg: Record<string, unknown>,
  architecture: string,
  file: Safetensors,
  { atoms, width }: { atoms: number; width: number },
  config: string,
): Promise<Activation> {
  const kwargs = isJsonObject(cfg.activation_fn_kwargs)
    ? cfg.activation_fn_kwargs
    : {};
  requireKnown(kwargs, ["k"], config);
  const given = String(cfg.activation_fn_str ?? cfg.activation_fn ?? "");
  const topk = architecture === "topk" ||
    (architecture === "standard" && given === "topk");
  if (!["", topk ? "topk" : "relu"].includes(given)) {
    throw unusable(config, `its activation function is "${given}"`);
  }
  if (flag(cfg, "rescale_acts_by_decoder_norm", false, config) && !topk) {
    throw unusable(config, `a "${architecture}" rescales its latents`);
  }
  if (topk) {
    requireSize("k", cfg.k ?? undefined, Number(kwargs.k ?? cfg.k), config);
    return { kind: "topk", k: sparsityOf(cfg.k ?? kwargs.k, atoms, config) };
  }
  switch (architecture) {
    case "matching_pursuit":
      return {
        kind: "matching_pursuit",
        residualThreshold: numberOr(cfg.residual_threshold, 1e-2),
        maxIterations: numberOr(cfg.max_iterations, width),
        stopOnDuplicateSupport: flag(
          cfg,
          "stop_on_duplicate_support",
          true,
          config,
        ),
      };
    case "jumprelu":
      return {
        kind: "jumprelu",
        threshold: await thresholds(file, atoms, config),
      };
    case "gated":
      return {
        kind: "gated",
        gateBias: await file.float32("b_gate", [atoms]),
        magnitudeBias: await file.float32("b_mag", [atoms]),
        magnitudeScale: (await file.float32("r_mag", [atoms])).map(Math.exp),
      };
    default:
      return { kind: "relu" };
  }
}

// Unfinished trainings keep the logarithm.
async function thresholds(file: Safetensors, atoms: number, path: string) {
  const { tensors } = file.header;
  if (tensors.has("log_threshold") && tensors.has("threshold")) {
    throw unusable(path, "it has a threshold and its logarithm");
  }
  return tensors.has("log_threshold")
    ? (await file.float32("log_threshold", [atoms])).map(Math.exp)
    : await file.float32("threshold", [atoms]);
}

// Latents are multiplied by their factors when they are decoded: the same as longer rows of the decoder.
async function applyLatentFactors(
  { dictionary, atoms, width }: SparseAutoencoder,
  asked: boolean,
  file: Safetensors,
  path: string,
) {
  const name = FACTORS.find((name) => file.header.tensors.has(name));
  if (name === undefined) {
    if (!asked) return;
    throw unusable(path, "its finetuning_scaling_factor is not in the file");
  }
  const factors = await file.float32(name, [atoms]);
  if (factors.every((factor) => Math.abs(factor - 1) <= NEAR_ONE)) return;
  if (!asked) {
    throw unusable(path, `its "${name}" is not 1, its config does not use it`);
  }
  for (let i = 0; i < dictionary.length; i++) {
    dictionary[i] *= factors[Math.floor(i / width)];
  }
}

// A checkpoint is of rows multiplied by a factor, which stands beside it; SAELens folds it in when the training ends.
async function foldNormalisation(
  sae: SparseAutoencoder,
  cfg: Record<string, unknown>,
  directory: string,
) {
  const given = cfg.normalize_activations ?? "none";
  if (given === "none" || given === false) return;
  const config = join(directory, "cfg.json");
  const average = given === true || given === "expected_average_only_in";
  if (!average || sae.encoder === undefined) {
    throw unusable(config, `it normalises rows by "${given}"`);
  }
  const beside = join(directory, "activation_scaler.json");
  const factor = await exists(beside)
    ? (await readConfig(beside)).scaling_factor
    : undefined;
  if (typeof factor !== "number" || !(factor > 0)) {
    throw unusable(
      config,
      `it was made for rows scaled to an average length ("${given}"), ` +
        "and the factor was neither folded in nor stands in activation_scaler.json",
    );
  }
  for (let i = 0; i < sae.encoder.length; i++) sae.encoder[i] *= factor;
  for (let i = 0; i < sae.dictionary.length; i++) sae.dictionary[i] /= factor;
  for (let i = 0; i < sae.mean.length; i++) sae.mean[i] /= factor;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
