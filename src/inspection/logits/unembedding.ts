import { join } from "node:path";
import { DbksvdError } from "../../errors.ts";
import { openSafetensors } from "../../files/safetensors.ts";
import { readTextFile } from "../../files/text.ts";
import type { TensorType } from "../../files/tensors.ts";
import { isJsonObject } from "../../json.ts";
import {
  type Checkpoint,
  endingIn,
  isThere,
  openCheckpoint,
  type StoredTensor,
} from "./checkpoint.ts";

/** How the final norm's weights w act: by w (Llama, Qwen, GPT-2), or by 1 + w (Gemma 1 to 3). */
export type NormForm = "weight" | "1+weight";

/** Names of unembeddings: own ones, then embeddings that serve as both. */
const UNEMBEDDINGS = [
  ...["lm_head.weight", "embed_out.weight", "W_U"],
  ...["embed_tokens.weight", "wte.weight", "word_embeddings.weight"],
  "embed_in.weight",
];

/** Names of the norm before it. */
const NORMS = ["ln_f.weight", "final_layer_norm.weight", "norm.weight"];

/** Models whose norms multiply by 1 + w. */
const ONE_PLUS = /^(gemma|gemma2|gemma3|gemma3_text|recurrent_gemma)$/;

const FLOATS = ["F32", "F16", "BF16", "F64"];

/** Where an unembedding's numbers are, and which way round. */
export interface UnembeddingPlace {
  file: string;
  offset: number;
  dtype: TensorType;
  /** Tokens. */
  vocabulary: number;
  /** Dimensions. */
  width: number;
  /** Stored width × vocabulary, as TransformerLens has it, not vocabulary × width. */
  transposed: boolean;
}

/** An unembedding that was found. */
export interface Unembedding {
  place: UnembeddingPlace;
  /** Its tensor's name. */
  tensor: string;
  /** What each dimension is multiplied by; all by 1 where left out. */
  factors?: Float32Array;
  /** The norm that is folded in, in words. */
  norm?: string;
}

/**
 * Finds the unembedding of a language model in a checkpoint.
 *
 * @param path a safetensors file, an index of shards or the folder of either
 * @param width dimensions of an atom
 * @param foldNorm whether the final norm's weights are folded in, and in which form; `auto`: as config.json has it
 * @throws {DbksvdError} `data` where there is none that fits
 */
export async function openUnembedding(
  path: string,
  width: number,
  foldNorm?: NormForm | "auto",
): Promise<Unembedding> {
  const checkpoint = await openCheckpoint(path);
  const tensor = await tensorOf(checkpoint, width);
  const found = {
    tensor: tensor.name,
    place: placeOf(tensor, width),
  };
  if (foldNorm === undefined) return found;
  const form = foldNorm === "auto" ? await formOf(checkpoint) : foldNorm;
  return { ...found, ...await normOf(checkpoint, width, form) };
}

async function tensorOf(
  checkpoint: Checkpoint,
  width: number,
): Promise<StoredTensor> {
  const { names, path } = checkpoint;
  const known = endingIn(names, UNEMBEDDINGS);
  if (known !== undefined) return await checkpoint.find(known);
  // A file of somebody's own making has one tensor that can be meant.
  const fitting: StoredTensor[] = [];
  for (const name of names.length <= 16 ? names : []) {
    const one = await checkpoint.find(name);
    if (fits(one, width)) fitting.push(one);
  }
  if (fitting.length === 1) return fitting[0];
  const shown = names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "");
  throw new DbksvdError("data", "The checkpoint has no unembedding", {
    where: { file: path },
    mend: `a tensor should be called ${
      UNEMBEDDINGS.slice(0, 5).join(", ")
    } (with whatever before it); there are ${shown || "none"}`,
  });
}

function fits({ shape, dtype }: StoredTensor, width: number): boolean {
  return shape.length === 2 && shape.includes(width) && FLOATS.includes(dtype);
}

function placeOf(tensor: StoredTensor, width: number): UnembeddingPlace {
  const { name, file, offset, dtype, shape } = tensor;
  if (!fits(tensor, width)) {
    const fault = FLOATS.includes(dtype)
      ? `is [${shape}], atoms have ${width} dimensions`
      : `holds ${dtype.slice(0, 20)}, not floats`;
    throw new DbksvdError(
      "data",
      `The unembedding does not fit, "${name}" ${fault}`,
      {
        where: { file },
        mend: FLOATS.includes(dtype)
          ? "give the unembedding of the model that the rows come from"
          : "give the checkpoint unquantised (F32, F16 or BF16)",
      },
    );
  }
  // Both ways round fit a square: its name tells.
  const [rows, columns] = shape;
  const transposed = rows === width &&
    (columns !== width || /(^|\.)W_U$/.test(name));
  return {
    file,
    offset,
    dtype: dtype as TensorType,
    vocabulary: transposed ? columns : rows,
    width,
    transposed,
  };
}

async function formOf({ folder, path }: Checkpoint): Promise<NormForm> {
  const file = join(folder, "config.json");
  const config = await isThere(file)
    ? JSON.parse(await readTextFile(file))
    : undefined;
  const inner = isJsonObject(config) && isJsonObject(config.text_config)
    ? config.text_config.model_type
    : undefined;
  const type = isJsonObject(config) ? inner ?? config.model_type : undefined;
  if (typeof type === "string") {
    return ONE_PLUS.test(type) ? "1+weight" : "weight";
  }
  throw new DbksvdError(
    "usage",
    "It is not known how the model's final norm uses its weights",
    {
      where: { file: path },
      mend:
        "there is no config.json beside it that names a model_type: say --fold-norm weight, or --fold-norm 1+weight (Gemma)",
    },
  );
}

async function normOf(
  checkpoint: Checkpoint,
  width: number,
  form: NormForm,
): Promise<Required<Pick<Unembedding, "factors" | "norm">>> {
  const { names, path } = checkpoint;
  // Layers have norms of their own.
  const own = names.filter((name) => !/(^|\.)\d+\./.test(name));
  const name = endingIn(own, NORMS);
  if (name === undefined) {
    throw new DbksvdError("data", "The checkpoint has no final norm", {
      where: { file: path },
      mend: `a tensor should be called ${
        NORMS.join(", ")
      }; leave out --fold-norm otherwise`,
    });
  }
  const { file } = await checkpoint.find(name);
  const weights = await (await openSafetensors(file)).float32(name, [width]);
  return form === "weight"
    ? { factors: weights, norm: name }
    : { factors: weights.map((w) => 1 + w), norm: `1 + ${name}` };
}
