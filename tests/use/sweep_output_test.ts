import assert from "node:assert/strict";
import { join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { sweep } from "../../src/use/sweep.ts";
import {
  combinationsOf,
  modelNames,
} from "../../src/use/sweep_combinations.ts";
import { writeSweep } from "../../src/use/sweep_output.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { dictionaryBytes } from "../reliability/runs.ts";
import { data, WIDTH } from "./swept_rows.ts";

/** A sweep of four trainings, and how many engines it has made for them. */
function sweepInto(out: string, more: Parameters<typeof sweep>[2] = {}) {
  let engines = 0;
  const createEngine: typeof createReferenceEngine = (spec) => {
    engines++;
    return createReferenceEngine(spec);
  };
  const run = sweep(
    rowsFromArray(data, WIDTH),
    { atoms: [10, 20], sparsity: [2], passes: 2, vary: { ridge: [0, 1] } },
    { createEngine, output: { out }, ...more },
  );
  return run.then((result) => ({ result, engines }));
}

Deno.test("a sweep's models are those that train() makes, and what is there is not trained again", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "sweep");
    const { result, engines } = await sweepInto(out);
    assert.deepEqual(await namesIn(out), [
      "m10-k2-ridge-0",
      "m10-k2-ridge-1",
      "m20-k2-ridge-0",
      "m20-k2-ridge-1",
    ]);
    const alone = join(directory, "alone");
    const options = { atoms: 20, sparsity: 2, passes: 2, ridge: 0 };
    const source = rowsFromArray(data, WIDTH);
    await trainToDirectory(source, options, { out: alone }, {
      createEngine: createReferenceEngine,
    });
    const { model } = result.runs[2];
    assert.deepEqual(
      await dictionaryBytes(model!),
      await dictionaryBytes(alone),
    );
    assert.deepEqual(result.runs[2].options, { ridge: 0 });
    assert(engines > 0);
    const again = await sweepInto(out);
    assert.equal(again.engines, 0);
    assert.deepEqual(again.result.runs, result.runs);
    await Deno.remove(result.runs[1].model!, { recursive: true });
    const mended = await sweepInto(out);
    assert.equal(mended.engines, engines / 4);
    const overwritten = await sweepInto(out, {
      output: { out, overwrite: true },
    });
    assert.equal(overwritten.engines, engines);
  });
});

Deno.test("a sweep that was stopped within a training goes on there, to the same bytes", async () => {
  await inDirectory(async (directory) => {
    const whole = await sweepInto(join(directory, "whole"));
    const out = join(directory, "stopped");
    const controller = new AbortController();
    let iterations = 0;
    const saved: string[] = [];
    const stopped = sweepInto(out, {
      output: { out },
      signal: controller.signal,
      onSaved: (what) => saved.push(what),
      onProgress: () => {
        if (++iterations === 3) controller.abort(new Error("stop"));
      },
    });
    await assert.rejects(stopped, /stop/);
    assert.match(saved[0], /^Saved at iteration/);
    const notices: string[] = [];
    const { result } = await sweepInto(out, {
      output: { out },
      onNotice: (notice) => notices.push(notice),
    });
    assert(notices.some((notice) => /Going on from/.test(notice)));
    for (const [i, { model }] of result.runs.entries()) {
      assert.deepEqual(
        await dictionaryBytes(model!),
        await dictionaryBytes(whole.result.runs[i].model!),
      );
    }
  });
});

Deno.test("a sweep goes into no model's directory, nor over another report", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "sweep");
    const { result } = await sweepInto(out);
    await assert.rejects(sweepInto(result.runs[0].model!), /is a model's/);
    await Deno.writeTextFile(join(out, "report.html"), "mine");
    await assert.rejects(sweepInto(out), /another report/);
    await Deno.remove(join(out, "report.html"));
    await writeSweep(out, result);
    await sweepInto(out);
    const table = JSON.parse(await Deno.readTextFile(join(out, "sweep.json")));
    assert.deepEqual(table.runs, JSON.parse(JSON.stringify(result.runs)));
    const notices: string[] = [];
    const say = (notice: string) => notices.push(notice);
    await writeSweep(out, result, say);
    assert.deepEqual(notices, []);
    await writeSweep(out, { ...result, runs: result.runs.slice(1) }, say);
    assert.match(notices.join(), /this sweep alone: 1 model of an earlier one/);
  });
});

Deno.test("a sweep's names are different, and no paths", async () => {
  await inDirectory(async (out) => {
    const { runs } = await sweep(
      rowsFromArray(data, WIDTH),
      {
        atoms: [8],
        sparsity: [2],
        passes: 1,
        vary: { matryoshka: [undefined, [4, 4], ["rest"]], init: ["../m8"] },
      },
      { createEngine: createReferenceEngine, output: { out } },
    ).catch(() => ({ runs: [] }));
    assert.deepEqual(runs, [], "there is no such first dictionary");
    assert.deepEqual(await namesIn(out), []);
    const named = await sweep(
      rowsFromArray(data, WIDTH),
      {
        atoms: [8],
        sparsity: [2],
        passes: 1,
        vary: { matryoshka: [undefined, [4, 4], [4, "rest"]] },
      },
      { createEngine: createReferenceEngine, output: { out } },
    );
    assert.deepEqual(
      named.runs.map(({ model, options }) => [model, options]),
      [
        [join(out, "m8-k2-matryoshka-default"), { matryoshka: null }],
        [join(out, "m8-k2-matryoshka-4_4"), { matryoshka: [4, 4] }],
        [join(out, "m8-k2-matryoshka-4_rest"), { matryoshka: [4, "rest"] }],
      ],
    );
  });
});

Deno.test("models' directories have different names, whatever is in them", () => {
  const values = ["a/b", "a?b", "A/B", "../a"];
  const combinations = combinationsOf({
    ...{ atoms: [8], sparsity: [2] },
    vary: { holdoutBy: values },
  }, WIDTH);
  assert.deepEqual(modelNames(combinations, [undefined]), [
    "m8-k2-holdout-by-a_b",
    "m8-k2-holdout-by-a_b-2",
    "m8-k2-holdout-by-A_B-3",
    "m8-k2-holdout-by-__a",
  ]);
  const two = modelNames(combinations, ["x", "y"]);
  assert.equal(new Set(two).size, 8);
  assert.equal(two[4], "y-m8-k2-holdout-by-a_b");
});
