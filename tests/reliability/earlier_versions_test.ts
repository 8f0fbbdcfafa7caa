import assert from "node:assert/strict";
import { join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { loadModel } from "../../src/model/directory.ts";
import { pipelineHistory, pipelineStatus } from "../../src/pipeline/status.ts";
import { rollbackPipeline } from "../../src/pipeline/by_hand.ts";
import { runPipeline } from "../../src/pipeline/run.ts";
import { openRows } from "../../src/rows/open.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { copyTree, inDirectory } from "../directories.ts";

const WRITTEN = new URL("../fixtures/0.1.0/", import.meta.url).pathname;
const ENGINE = { createEngine: createReferenceEngine };

/** The mean squared difference of two files' rows over the rows' own mean square about their mean. */
async function fvuBetween(path: string, other: string): Promise<number> {
  const [rows, approximation] = await Promise.all(
    [path, other].map(async (file) => {
      await using source = closing(await openRows(file));
      return await source.read({ start: 0, end: source.rowCount });
    }),
  );
  const width = 8;
  const mean = new Float64Array(width);
  rows.forEach((value, i) => mean[i % width] += value * width / rows.length);
  let left = 0;
  let all = 0;
  rows.forEach((value, i) => {
    left += (value - approximation[i]) ** 2;
    all += (value - mean[i % width]) ** 2;
  });
  return left / all;
}

function closing<T extends { close(): Promise<void> }>(source: T) {
  return Object.assign(source, {
    [Symbol.asyncDispose]: () => source.close(),
  });
}

function assertNear(actual: number, expected: number, name: string) {
  assert(
    Math.abs(actual - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
    `${name}: ${actual}, not ${expected}`,
  );
}

Deno.test("a model directory of 0.1.0 loads with its labels and measures what it measured then", async () => {
  const { model } = await loadModel(join(WRITTEN, "model"));
  assert.equal(model.toolVersion, "0.1.0");
  assert.deepEqual(model.groups, [6, 10]);
  assert.deepEqual(model.labels, { "3": "waves" });
  const expected = JSON.parse(
    await Deno.readTextFile(join(WRITTEN, "evaluation.json")),
  ) as Record<string, number>;
  await using source = closing(await openRows(join(WRITTEN, "rows.parquet")));
  const { metrics } = await evaluate(model, source, ENGINE);
  for (const [name, value] of Object.entries(expected)) {
    if (typeof value !== "number") continue;
    assertNear(Number(metrics[name as keyof typeof metrics]), value, name);
  }
});

Deno.test("codes of 0.1.0, sparse and dense, decode to what they stood for", async () => {
  await inDirectory(async (directory) => {
    const { model } = await loadModel(join(WRITTEN, "model"));
    const rows = join(WRITTEN, "rows.parquet");
    const { fvu } = JSON.parse(
      await Deno.readTextFile(join(WRITTEN, "evaluation.json")),
    );
    for (const name of ["codes.parquet", "codes_dense.parquet"]) {
      const out = join(directory, name);
      const decoded = await decode(model, join(WRITTEN, name), { out });
      assert.equal(decoded.rows, 400);
      assertNear(await fvuBetween(rows, out), fvu, name);
    }
    const codes = join(directory, "now.parquet");
    await using source = closing(await openRows(rows));
    await encode(model, source, { out: codes, ...ENGINE });
    const out = join(directory, "rows.parquet");
    await decode(model, codes, { out });
    assert.ok(await fvuBetween(join(directory, "codes.parquet"), out) < 1e-9);
  });
});

Deno.test("a pipeline's root of 0.1.0 tells its story and goes on with the next night", async () => {
  await inDirectory(async (directory) => {
    const base = join(directory, "pipeline");
    await copyTree(join(WRITTEN, "pipeline"), base);
    const config = join(base, "nightly.json");
    const before = await pipelineStatus(config);
    assert.equal(before.current, "v000002");
    const arrived = join(base, "in", "day-3.parquet");
    await Deno.rename(join(base, "day-3.parquet"), arrived);
    // Long enough ago to be finished.
    for await (const { name } of Deno.readDir(join(base, "in"))) {
      await Deno.utime(join(base, "in", name), new Date(0), new Date(0));
    }
    const night = await runPipeline(config, ENGINE);
    assert.equal(night.run, 3);
    assert.deepEqual(night.files.taken, ["in/day-3.parquet"]);
    assert.deepEqual(night.files.duplicates, []);
    assert.deepEqual(night.files.changed, []);
    assert.equal(night.rows.heldOut, 48);
    assert.equal(night.rows.replayed, 192);
    assert.equal(night.metrics!.candidate!.rows, 144);
    assert(night.metrics!.candidate!.fvu < 0.2);
    const story = await pipelineHistory(config);
    assert.deepEqual(story.runs.map(({ run }) => run), [1, 2, 3]);
    const back = await rollbackPipeline(config, { to: "v000001" });
    assert.equal(back.version, "v000001");
  });
});

Deno.test("a checkpoint of 0.1.0 is refused, with the version that can finish it", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "unfinished");
    await copyTree(join(WRITTEN, "unfinished"), out);
    await using source = closing(await openRows(join(WRITTEN, "rows.parquet")));
    const options = { atoms: 16, sparsity: 3, passes: 40, seed: 3 };
    const go = (overwrite: boolean) =>
      trainToDirectory(
        source,
        options,
        { out, resume: true, overwrite, column: "embedding" },
        ENGINE,
      );
    await assert.rejects(
      go(false),
      /finish the run with dbksvd 0\.1\.0, or start afresh with --overwrite/,
    );
    const summary = await go(true);
    assert.equal(summary.passes, 40);
  });
});
