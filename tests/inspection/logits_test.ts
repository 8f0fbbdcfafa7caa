import assert from "node:assert/strict";
import { join } from "node:path";
import { describeAtom } from "../../src/inspection/describe.ts";
import { inspect } from "../../src/inspection/inspect.ts";
import {
  atomLogits,
  logitHistograms,
} from "../../src/inspection/logits/logits.ts";
import { inDirectory } from "../directories.ts";
import { tensorOf, turned, writeTensors } from "./checkpoints.ts";
import {
  eighths,
  expected,
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
