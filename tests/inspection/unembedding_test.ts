import assert from "node:assert/strict";
import { join } from "node:path";
import type { Tensor } from "../../src/files/safetensors.ts";
import { atomLogits } from "../../src/inspection/logits/logits.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { tensorOf, turned, writeShards, writeTensors } from "./checkpoints.ts";
import {
  eighths,
  logitsOf,
  model,
  named,
  requireLogits,
  stored,
  tokens,
  unembedding,
  VOCABULARY,
  WIDTH,
} from "./logits.ts";

Deno.test("atomLogits() takes a checkpoint's own unembedding before tied embeddings, from shards too", async () => {
  const other = tensorOf("F32", unembedding.map((x) => -x), VOCABULARY, WIDTH);
  const layer = tensorOf("F32", new Float32Array(WIDTH).fill(9), WIDTH);
  const tensors = {
    "model.embed_tokens.weight": other,
    "model.layers.0.norm.weight": layer,
    "model.language_model.lm_head.weight": stored(),
  };
  requireLogits(await logitsOf(tensors));
  await inDirectory(async (folder) => {
    await writeShards(folder, {
      "model.layers.0.norm.weight": layer,
      "transformer.wte.weight": stored("F16"),
    });
    const found = await atomLogits(model, { unembed: folder, tokens });
    requireLogits(found);
    assert.equal(found.unembedding.tensor, "transformer.wte.weight");
  });
});

Deno.test("a file of one's own needs no known name; in a square one the name W_U tells which way round it is", async () => {
  requireLogits(await logitsOf({ mine: stored() }));
  const square = makeModel({ width: WIDTH, atoms: 5 });
  const values = eighths("square", WIDTH * WIDTH);
  const names = named(WIDTH);
  await inDirectory(async (folder) => {
    const of = async (name: string, matrix: Float32Array) => {
      const file = join(folder, `${name}.safetensors`);
      const tensor = tensorOf("F32", matrix, WIDTH, WIDTH);
      await writeTensors(file, { [name]: tensor });
      return await atomLogits(square, { unembed: file, tokens: names });
    };
    const rows = await of("lm_head.weight", values);
    const columns = await of("W_U", turned(values, WIDTH, WIDTH));
    assert.deepEqual(rows.promoted, columns.promoted);
  });
});

Deno.test("the final norm is folded in when asked, as the model uses its weights, and is named", async () => {
  const weights = eighths("norm", WIDTH);
  const tensors = {
    "lm_head.weight": stored(),
    "model.layers.3.norm.weight": tensorOf("F32", weights.map(() => 5), WIDTH),
    "model.norm.weight": tensorOf("F32", weights, WIDTH),
  };
  const llama = { model_type: "llama" };
  const gemma = { text_config: { model_type: "gemma3_text" } };
  const plus = weights.map((w) => 1 + w);
  const plain = await logitsOf(tensors, { foldNorm: "auto" }, llama);
  requireLogits(plain, weights);
  assert.equal(plain.unembedding.norm, "model.norm.weight");
  const found = await logitsOf(tensors, { foldNorm: "auto" }, gemma);
  requireLogits(found, plus);
  assert.equal(found.unembedding.norm, "1 + model.norm.weight");
  requireLogits(await logitsOf(tensors, { foldNorm: "1+weight" }, llama), plus);
  requireLogits(await logitsOf(tensors, {}, llama));
  await assert.rejects(logitsOf(tensors, { foldNorm: "auto" }), {
    kind: "usage",
    message: /--fold-norm 1\+weight/,
  });
  const without = {
    "lm_head.weight": stored(),
    "model.layers.3.norm.weight": tensors["model.layers.3.norm.weight"],
  };
  await assert.rejects(logitsOf(without, { foldNorm: "weight" }), {
    kind: "data",
    message: /no final norm/,
  });
});

Deno.test("what does not fit is refused with what to do", async () => {
  const refusals: [Record<string, Tensor>, RegExp][] = [
    [
      { "lm_head.weight": tensorOf("F32", unembedding, WIDTH * 7, 100) },
      /is \[168,100\], atoms have 24 dimensions/,
    ],
    [
      {
        "lm_head.weight": {
          dtype: "I8",
          shape: [10, WIDTH],
          bytes: new Uint8Array(10 * WIDTH),
        },
      },
      /holds I8, not floats/,
    ],
    [{ a: stored(), b: stored() }, /no unembedding.*there are a, b/],
  ];
  for (const [tensors, message] of refusals) {
    await assert.rejects(logitsOf(tensors), { kind: "data", message });
  }
  await inDirectory(async (folder) => {
    const index = join(folder, "model.safetensors.index.json");
    const map = { "lm_head.weight": "../elsewhere.safetensors" };
    await Deno.writeTextFile(index, JSON.stringify({ weight_map: map }));
    await assert.rejects(atomLogits(model, { unembed: folder, tokens }), {
      kind: "data",
      message: /in no file beside it/,
    });
  });
});
