import assert from "node:assert/strict";
import { join } from "node:path";
import type { Tensor } from "../../src/files/safetensors.ts";
import { parseTokenizer } from "../../src/files/tokenizer.ts";
import {
  atomLogits,
  type LogitOptions,
} from "../../src/inspection/logits/logits.ts";
import type { AtomLogits } from "../../src/report/data.ts";
import { randomStream } from "../../src/random.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { tensorOf, writeTensors } from "./checkpoints.ts";

/** Dimensions of the model. */
export const WIDTH = 24;
/** Tokens of its vocabulary. */
export const VOCABULARY = 700;
/** What atoms the logits are of. */
export const model = makeModel({ width: WIDTH, atoms: 40 });
/** Its tokens' texts. */
export const tokens = named(VOCABULARY);

/** A vocabulary of so many tokens: ` t0` and on. */
export function named(size: number) {
  const list = Array.from({ length: size }, (_, id) => ` t${id}`);
  return parseTokenizer(JSON.stringify(list));
}

/** Random eighths, which are exact in every type; there are ties among them. */
export function eighths(key: string, length: number): Float32Array {
  const random = randomStream(3, key);
  return Float32Array.from(
    { length },
    () => Math.round(random.normal() * 4) / 8,
  );
}

/** A row a token. */
export const unembedding = eighths("unembedding", VOCABULARY * WIDTH);

/** The tokens at an atom's ends, as sums in double precision tell them. */
export function expected(atom: number, factors?: Float32Array) {
  const all = Array.from({ length: VOCABULARY }, (_, id) => {
    let logit = 0;
    for (let d = 0; d < WIDTH; d++) {
      logit += model.dictionary[atom * WIDTH + d] * (factors?.[d] ?? 1) *
        unembedding[id * WIDTH + d];
    }
    return { id, logit };
  });
  const most = all.toSorted((a, b) => b.logit - a.logit);
  return { promoted: most.slice(0, 10), suppressed: most.slice(-10).reverse() };
}

/** Asserts that these are the tokens and logits expected, with the norm's factors folded in. */
export function requireLogits(found: AtomLogits, factors?: Float32Array): void {
  for (const atom of [0, 17, 39]) {
    for (const [end, list] of Object.entries(expected(atom, factors))) {
      const { tokens, logits } = found[end as "promoted" | "suppressed"];
      list.forEach(({ id, logit }, i) => {
        const place = atom * found.count + i;
        assert.equal(found.ids[tokens[place]], id, `${end} of ${atom}`);
        assert.equal(found.texts[tokens[place]], ` t${id}`);
        assert(Math.abs(logits[place] - logit) < 1e-4);
      });
    }
  }
}

/** Logits from a folder with a checkpoint of these tensors, and a configuration. */
export async function logitsOf(
  tensors: Record<string, Tensor>,
  options: Partial<LogitOptions> = {},
  config?: unknown,
): Promise<AtomLogits> {
  return await inDirectory(async (folder) => {
    await writeTensors(join(folder, "model.safetensors"), tensors);
    if (config !== undefined) {
      const file = join(folder, "config.json");
      await Deno.writeTextFile(file, JSON.stringify(config));
    }
    const given = { unembed: folder, tokens, threads: 1, ...options };
    return await atomLogits(model, given);
  });
}

/** The unembedding as a checkpoint stores it. */
export const stored = (dtype: "F32" | "F16" | "BF16" = "F32") =>
  tensorOf(dtype, unembedding, VOCABULARY, WIDTH);
