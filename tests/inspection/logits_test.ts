import assert from "node:assert/strict";
import { join } from "node:path";
import type { Tensor } from "../../src/files/safetensors.ts";
import { parseTokenizer } from "../../src/files/tokenizer.ts";
import { describeAtom } from "../../src/inspection/describe.ts";
import { inspect } from "../../src/inspection/inspect.ts";
import {
  atomLogits,
  logitHistograms,
  type LogitOptions,
} from "../../src/inspection/logits/logits.ts";
import type { AtomLogits } from "../../src/report/data.ts";
import { randomStream } from "../../src/random.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { tensorOf, turned, writeShards, writeTensors } from "./checkpoints.ts";

const WIDTH = 24;
const VOCABULARY = 700;
const model = makeModel({ width: WIDTH, atoms: 40 });
const tokens = named(VOCABULARY);

function named(size: number) {
  const list = Array.from({ length: size }, (_, id) => ` t${id}`);
  return parseTokenizer(JSON.stringify(list));
}

// Eighths are exact in every type; there are ties among them.
function eighths(key: string, length: number): Float32Array {
  const random = randomStream(3, key);
  return Float32Array.from(
    { length },
    () => Math.round(random.normal() * 4) / 8,
  );
}

const unembedding = eighths("unembedding", VOCABULARY * WIDTH);

/** The tokens at an atom's ends, as sums in double precision tell them. */
function expected(atom: number, factors?: Float32Array) {
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

function requireLogits(found: AtomLogits, factors?: Float32Array): void {
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

async function logitsOf(
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

const stored = (dtype: "F32" | "F16" | "BF16" = "F32") =>
  tensorOf(dtype, unembedding, VOCABULARY, WIDTH);

Deno.test("atomLogits() gives atoms times the unembedding, of any type, either way round", async () => {
  for (const dtype of ["F32", "F16", "BF16"] as const) {
    const found = await logitsOf({ "lm_head.weight": stored(dtype) });
    requireLogits(found);
    assert.equal(found.unembedding.tensor, "lm_head.weight");
    assert.equal(found.unembedding.vocabulary, VOCABULARY);
  }
  const columns = turned(unembedding, VOCABULARY, WIDTH);
  const wide = tensorOf("BF16", columns, WIDTH, VOCABULARY);
  requireLogits(await logitsOf({ "unembed.W_U": wide }));
});

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

Deno.test("tokens that pad the vocabulary are left out, and of equal logits the lower id comes first", async () => {
  const found = await logitsOf({ "lm_head.weight": stored() }, {
    tokens: named(300),
  });
  assert.equal(found.unembedding.vocabulary, 300);
  assert(found.ids.every((id) => id < 300));
  const ones = new Float32Array(30 * WIDTH).fill(1);
  const same = tensorOf("F32", ones, 30, WIDTH);
  const tied = await logitsOf({ "lm_head.weight": same });
  for (const { tokens } of [tied.promoted, tied.suppressed]) {
    const ids = Array.from(tokens.subarray(0, 10), (place) => tied.ids[place]);
    assert.deepEqual(ids, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

Deno.test("atomLogits() gives the same on any number of threads, run after run of tokens", async () => {
  const long = eighths("long", 20_000 * WIDTH);
  const tensors = { W_U: tensorOf("F32", long, 20_000, WIDTH) };
  const options = { tokens: named(20_000) };
  const counts: number[] = [];
  const one = await logitsOf(tensors, {
    ...options,
    onProgress: (done) => counts.push(done),
  });
  assert(counts.length > 3 && counts.at(-1) === 20_000);
  for (const threads of [2, 3]) {
    const { promoted, suppressed, ids } = await logitsOf(tensors, {
      ...options,
      threads,
    });
    assert.deepEqual([promoted, suppressed, ids], [
      one.promoted,
      one.suppressed,
      one.ids,
    ]);
  }
});

Deno.test("logitHistograms() counts every token once, the same on any number of threads", async () => {
  await inDirectory(async (folder) => {
    const long = eighths("long", 20_000 * WIDTH);
    const unembed = join(folder, "w.safetensors");
    const tensor = tensorOf("F32", long, 20_000, WIDTH);
    await writeTensors(unembed, { W_U: tensor });
    const options = { unembed, tokens: named(20_000), threads: 1 };
    const logits = await atomLogits(model, options);
    const counted = (threads: number) =>
      logitHistograms(model, logits, 8, { ...options, threads });
    const one = await counted(1);
    assert.deepEqual(await counted(3), one);
    for (const atom of [0, 39]) {
      const all = Array.from({ length: 20_000 }, (_, id) => {
        let logit = 0;
        for (let d = 0; d < WIDTH; d++) {
          logit += model.dictionary[atom * WIDTH + d] * long[id * WIDTH + d];
        }
        return logit;
      });
      const [least, most] = one.limits.subarray(2 * atom, 2 * atom + 2);
      const bars = one.counts.subarray(8 * atom, 8 * atom + 8);
      assert(Math.abs(least - all.reduce((a, b) => Math.min(a, b))) < 1e-4);
      assert(Math.abs(most - all.reduce((a, b) => Math.max(a, b))) < 1e-4);
      assert.equal(bars.reduce((a, b) => a + b), 20_000);
      const first = all.filter((value) => value < least + (most - least) / 8);
      assert(Math.abs(bars[0] - first.length) <= 2);
    }
  });
});

Deno.test("a stopped look at the logits throws the signal's reason", async () => {
  const stop = new AbortController();
  const working = logitsOf({ "lm_head.weight": stored() }, {
    threads: 2,
    signal: stop.signal,
    onProgress: () => stop.abort(new Error("enough")),
  });
  await assert.rejects(working, /enough/);
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

Deno.test("describeAtom() tells the tokens of both signs: the other sign promotes what the one suppresses", async () => {
  await inDirectory(async (folder) => {
    const unembed = join(folder, "W_U.safetensors");
    await writeTensors(unembed, { W_U: stored() });
    const one = await inspect(model, undefined, { unembed, tokens });
    const [positive, negative] = describeAtom(one, 17).logits!;
    const { promoted, suppressed } = expected(17);
    assert.deepEqual(
      positive.promoted.map(({ id }) => id),
      promoted.map(({ id }) => id),
    );
    assert.deepEqual(
      negative.promoted.map(({ token }) => token),
      suppressed.map(({ id }) => ` t${id}`),
    );
    assert.equal(negative.promoted[0].logit, -positive.suppressed[0].logit);
    assert.deepEqual([positive.sign, negative.sign], ["+", "-"]);
    const nonnegative = { ...model.coder, nonnegative: true };
    const other = { ...model, coder: nonnegative };
    const two = await inspect(other, undefined, { unembed, tokens });
    assert.equal(describeAtom(two, 17).logits!.length, 1);
    await assert.rejects(inspect(model, undefined, { unembed }), {
      kind: "usage",
    });
  });
});
