import { join, resolve } from "node:path";
import { type NumpyArray, readNpy } from "../../files/npy.ts";
import { readZip } from "../../files/zip.ts";
import type { SparseAutoencoder } from "../../model/autoencoder.ts";
import { transpose } from "../../model/transpose.ts";
import {
  flag,
  openWeights,
  readConfig,
  recordOf,
  requireKnown,
  requireSize,
  unusable,
} from "./config.ts";
import { requireRegular } from "../../files/text.ts";

const NAMES = ["W_enc", "W_dec", "b_enc", "b_dec", "threshold"];

/** Arrays by their names, those of Gemma Scope 1 (`W_enc`) whatever the file's spelling. */
type Arrays = Map<string, () => Promise<NumpyArray> | NumpyArray>;

/** Reads an autoencoder of Gemma Scope 1: `params.npz`. */
export async function readGemmaScope(
  directory: string,
): Promise<SparseAutoencoder> {
  const path = join(directory, "params.npz");
  // Nothing in the file tells a transcoder; its release does.
  if (/gemma-scope[^/]*transcoders/.test(resolve(directory))) {
    throw unusable(path, "its folder is one of transcoders");
  }
  const arrays: Arrays = new Map();
  await requireRegular(path);
  for (const [member, bytes] of readZip(await Deno.readFile(path), path)) {
    const name = member.replace(/\.npy$/, "");
    arrays.set(spelling(name), () => readNpy(bytes, `${path}:${name}`));
  }
  return await jumpRelu(arrays, path, {});
}

const FIELDS = [
  "architecture",
  "type",
  "width",
  "l0",
  "affine_connection",
  "model_name",
  "hf_hook_point_in",
  "hf_hook_point_out",
];

/** Reads an autoencoder of Gemma Scope 2: `params.safetensors` with its `config.json`. */
export async function readGemmaScope2(
  directory: string,
): Promise<SparseAutoencoder> {
  const config = join(directory, "config.json");
  const cfg = await readConfig(config);
  requireKnown(cfg, FIELDS, config);
  const architecture = String(cfg.architecture ?? "jump_relu");
  if (!/^jump_?relu$/.test(architecture)) {
    throw unusable(config, `its architecture is "${architecture}"`);
  }
  if ((cfg.type ?? "sae") !== "sae") {
    throw unusable(config, `it is no autoencoder but a "${cfg.type}"`);
  }
  const { hf_hook_point_in: from, hf_hook_point_out: to } = cfg;
  if (to !== undefined && from !== to) {
    throw unusable(config, `it reads at "${from}" and rebuilds "${to}"`);
  }
  if (flag(cfg, "affine_connection", false, config)) {
    throw unusable(config, "it has an affine connection");
  }
  const path = join(directory, "params.safetensors");
  const file = await openWeights(path);
  const arrays: Arrays = new Map();
  for (const [name, { shape }] of file.header.tensors) {
    arrays.set(
      spelling(name),
      async () => ({ shape, data: await file.float32(name) }),
    );
  }
  const sae = await jumpRelu(arrays, path, recordOf(cfg));
  requireSize("width", cfg.width, sae.atoms, config);
  return sae;
}

function spelling(name: string): string {
  return name.replace(/^w_/, "W_");
}

async function jumpRelu(
  arrays: Arrays,
  path: string,
  metadata: Record<string, unknown>,
): Promise<SparseAutoencoder> {
  const array = async (name: string): Promise<NumpyArray> => {
    const read = arrays.get(name);
    if (read === undefined) throw unusable(path, `it has no array "${name}"`);
    return await read();
  };
  for (const name of arrays.keys()) {
    if (NAMES.includes(name)) continue;
    const ones = name === "scaling_factor" &&
      (await array(name)).data.every((factor) => factor === 1);
    if (!ones) throw unusable(path, `its array "${name}" is not known here`);
  }
  const { shape, data: dictionary } = await array("W_dec");
  if (shape.length !== 2) throw unusable(path, `"W_dec" is [${shape}]`);
  const [atoms, width] = shape;
  const sized = async (name: string, ...expected: number[]) => {
    const { shape, data } = await array(name);
    if (shape.join() === expected.join()) return data;
    throw unusable(path, `"${name}" is [${shape}], expected [${expected}]`);
  };
  return {
    format: "Gemma Scope",
    width,
    atoms,
    dictionary,
    mean: await sized("b_dec", width),
    encoder: transpose(await sized("W_enc", width, atoms), width, atoms),
    encoderBias: await sized("b_enc", atoms),
    centresInput: false,
    scalesByLength: false,
    activation: {
      kind: "jumprelu",
      threshold: await sized("threshold", atoms),
    },
    metadata,
  };
}
