// Puts rebuilt activations back into the transformer: a process of its own, since the model is resolved by the
// configuration beside this file.
//   put_back.ts TEXTS.json ROWS.f32…
//
// TEXTS.json holds each text's tokens, the files a row a token each. Prints, as JSON, the mean of 1 − cosine between
// the embeddings that the model ends with from each file's rows and its own.
import { distance, EMBEDDING, run } from "./transformer.ts";

const [file, ...rebuilt] = Deno.args;
const texts: number[][] = JSON.parse(await Deno.readTextFile(file));
const clean = await run(texts, EMBEDDING);
const apart: number[] = [];
for (const path of rebuilt) {
  const rows = new Float32Array((await Deno.readFile(path)).buffer);
  apart.push(distance(await run(texts, EMBEDDING, rows), clean));
}
console.log(JSON.stringify(apart));
