import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { codeRows } from "../../../src/coding/rows.ts";
import { reconstruct } from "../../../src/model/reconstruct.ts";
import { rowsFromArray } from "../../../src/rows/memory.ts";
import type { NamedModel } from "../../../src/use/evaluate.ts";
import { type AnyModel, coderOf } from "../../../src/use/models.ts";
import { type LabelledSet, testRows } from "./data.ts";

const CONFIG = fileURLToPath(new URL("./deno.json", import.meta.url));
const PUT_BACK = fileURLToPath(new URL("./put_back.ts", import.meta.url));

/**
 * What the transformer makes of the test's activations as each model rebuilds them: the mean of 1 − cosine between the
 * embeddings that it ends with.
 *
 * @param models what rebuilds
 * @param set activations, with their texts
 * @param texts the texts' tokens
 */
export async function inTheLoop(
  models: readonly NamedModel[],
  set: LabelledSet,
  texts: readonly number[][],
): Promise<number[]> {
  const folder = await Deno.makeTempDir();
  try {
    const tokens = join(folder, "texts.json");
    await Deno.writeTextFile(tokens, JSON.stringify(texts));
    const files: string[] = [];
    for (const { model } of models) {
      const rows = await rebuilt(model, testRows(set), set.width);
      files.push(join(folder, `${files.length}.f32`));
      await Deno.writeFile(files.at(-1)!, new Uint8Array(rows.buffer));
    }
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      { args: ["run", "-A", "-c", CONFIG, PUT_BACK, tokens, ...files] },
    ).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (!success) throw new Error(text(stderr));
    return JSON.parse(text(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function rebuilt(
  model: AnyModel,
  rows: Float32Array<ArrayBuffer>,
  width: number,
): Promise<Float32Array<ArrayBuffer>> {
  const all = new Float32Array(rows.length);
  const coder = await coderOf(model, { device: "cpu" });
  try {
    const coded = codeRows(rowsFromArray(rows, width), [coder]);
    for await (const { batch, codes: [codes] } of coded) {
      all.set(reconstruct(coder.decoder, codes), batch.firstRow * width);
    }
  } finally {
    await coder.close();
  }
  return all;
}
