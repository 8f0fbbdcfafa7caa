import { join } from "node:path";
import type { Activation, SparseAutoencoder } from "../../model/autoencoder.ts";
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

/** What changes the result and is not computed here. */
const REFUSED: Record<string, string> = {
  transcode: "it is a transcoder",
  skip_connection: "it has a skip connection",
  embed_skip: "it has a skip connection from the embedding",
  gram_lookup: "it subtracts a table of n-grams",
};

const FIELDS = [
  ...Object.keys(REFUSED),
  "activation",
  "expansion_factor",
  "normalize_decoder",
  "num_latents",
  "k",
  "multi_topk",
  "signed",
  "d_in",
  "lookup_max_order",
  "gram_table_hash",
];

/** Reads an autoencoder of EleutherAI's sparsify, or of its predecessor `sae`. */
export async function readSparsify(
  directory: string,
): Promise<SparseAutoencoder> {
  const config = join(directory, "cfg.json");
  const cfg = await readConfig(config);
  requireKnown(cfg, FIELDS, config);
  for (const [name, why] of Object.entries(REFUSED)) {
    if (flag(cfg, name, false, config)) throw unusable(config, why);
  }
  const path = join(directory, "sae.safetensors");
  const file = await openWeights(path);
  const names = ["W_dec", "b_dec", "encoder.weight", "encoder.bias"];
  requireTensors(file, names, path);
  const { dictionary, atoms, width } = await decoderRows(file, "W_dec", path);
  requireSize("d_in", cfg.d_in, width, config);
  requireSize("num_latents", cfg.num_latents || undefined, atoms, config);
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
    activation: activationOf(cfg, atoms, config),
    metadata: recordOf(cfg),
  };
}

function activationOf(
  cfg: Record<string, unknown>,
  atoms: number,
  config: string,
): Activation {
  const name = String(cfg.activation ?? "topk");
  const k = sparsityOf(cfg.k, atoms, config);
  const signed = flag(cfg, "signed", false, config);
  if (name === "topk") {
    return { kind: "topk", k, ...signed ? { signed: true } : {} };
  }
  if (name === "groupmax" && !signed && atoms % k === 0) {
    return { kind: "groupmax", k };
  }
  throw unusable(config, `it uses "${name}" with k ${k}`);
}
