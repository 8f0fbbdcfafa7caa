// What `inspect` reads beside models and rows: unembeddings, tokenizers, pictures.
import { join } from "node:path";
import { DbksvdError } from "../../src/errors.ts";
import {
  float32Tensor,
  safetensorsParts,
} from "../../src/files/safetensors.ts";
import { parseTokenizer } from "../../src/files/tokenizer.ts";
import { atomLogits } from "../../src/inspection/logits/logits.ts";
import { Broken } from "../../src/inspection/pictures/broken.ts";
import { makeThumbnail } from "../../src/inspection/pictures/thumbnail.ts";
import type { RandomStream } from "../../src/random.ts";
import { type Bytes, inHeader, inJson, json } from "./damage.ts";
import { damageBytes, joined, pick } from "./mutate.ts";
import { MODEL } from "./samples.ts";
import { inFile, type Target } from "./target.ts";

const TOKENS = ["a", " b", " c", "d"];
const SHARD = "model-1.safetensors";

/** Its parsers, as targets. */
export async function lookingTargets(directory: string): Promise<Target[]> {
  const shards = join(directory, "shards");
  await Deno.mkdir(shards);
  await Deno.writeFile(join(shards, SHARD), unembedding());
  const weights = { "lm_head.weight": SHARD, "model.norm.weight": SHARD };
  return [
    inFile(directory, "W_U.safetensors", {
      name: "unembedding",
      sound: unembedding(),
      structured: inHeader,
      parse: readLogits,
    }),
    inFile(shards, "model.safetensors.index.json", {
      name: "shards",
      sound: json({ metadata: {}, weight_map: weights }),
      structured: inJson,
      parse: readLogits,
    }),
    inFile(directory, "tokenizer.json", {
      name: "tokenizer",
      sound: json({
        model: { type: "BPE", vocab: { a: 0, "Ġb": 1, "Ã": 2 } },
        added_tokens: [{ id: 3, content: "<s>", special: true }],
        decoder: { type: "Sequence", decoders: [{ type: "ByteLevel" }] },
      }),
      structured: inJson,
      parse: readTokens,
    }),
    await pictureTarget(),
  ];
}

function unembedding(): Bytes {
  const { width } = MODEL;
  const values = new Float32Array(TOKENS.length * width).map((_, i) => i % 5);
  return joined(safetensorsParts({
    "lm_head.weight": float32Tensor(values, TOKENS.length, width),
    "model.norm.weight": float32Tensor(values.slice(0, width), width),
  }));
}

async function readLogits(path: string): Promise<void> {
  const tokens = parseTokenizer(JSON.stringify(TOKENS));
  const foldNorm = "weight";
  await atomLogits(MODEL, { unembed: path, foldNorm, tokens, threads: 1 });
}

async function readTokens(path: string): Promise<void> {
  const tokens = parseTokenizer(await Deno.readTextFile(path), path);
  for (let id = 0; id < Math.min(tokens.size, 100); id++) tokens.text(id);
  tokens.join([0, 1, 2]);
}

async function pictureTarget(): Promise<Target> {
  const sound = await Promise.all(
    ["image/png", "image/jpeg"].map((type) => picture(type)),
  );
  return {
    name: "picture",
    structured: (random) => oddSizes(pick(random, sound), random),
    blind: (random) => damageBytes(pick(random, sound), random),
    parse: async (bytes) => {
      try {
        await makeThumbnail(bytes, 16);
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        throw new DbksvdError("data", error.message, { cause: error });
      }
    },
  };
}

async function picture(type: string): Promise<Bytes> {
  const image = new ImageData(40, 30);
  image.data.forEach((_, i) => image.data[i] = i % 251);
  const bitmap = await createImageBitmap(image);
  const canvas = new OffscreenCanvas(40, 30);
  canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(bitmap);
  const blob = await canvas.convertToBlob({ type });
  return new Uint8Array(await blob.arrayBuffer());
}

// One of the numbers in a picture's head is another one.
function oddSizes(sound: Bytes, random: RandomStream): Bytes {
  const bytes = sound.slice();
  const view = new DataView(bytes.buffer);
  const at = random.integer(Math.min(600, bytes.length - 4));
  view.setUint16(at, pick(random, [0, 1, 40, 0x7FFF, 0xFFFF]));
  return bytes;
}
