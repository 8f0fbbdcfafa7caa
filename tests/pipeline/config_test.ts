import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DbksvdError } from "../../src/errors.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../src/options/train_options.ts";
import schema from "../../src/pipeline/schema.json" with { type: "json" };
import { loadPipelineConfig } from "../../src/pipeline/config.ts";
import { inDirectory } from "../directories.ts";

const LEAST = {
  inputs: ["in/*.parquet"],
  root: "pipe",
  train: { atoms: 256, sparsity: 6, passes: 1 },
};

function refused(config: unknown, pattern: RegExp, base?: string) {
  return assert.rejects(
    loadPipelineConfig(
      config as Parameters<typeof loadPipelineConfig>[0],
      base,
    ),
    (error) => {
      assert(error instanceof DbksvdError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, pattern);
      return true;
    },
  );
}

Deno.test("loadPipelineConfig() fills in the defaults and makes paths absolute", () =>
  inDirectory(async (folder) => {
    const file = join(folder, "nightly.json");
    await Deno.writeTextFile(file, JSON.stringify(LEAST));
    const settings = await loadPipelineConfig(file);
    assert.equal(settings.root, join(folder, "pipe"));
    assert.equal(settings.inputs[0].pattern, join(folder, "in/*.parquet"));
    assert.equal(settings.inputs[0].folder, join(folder, "in"));
    assert.equal(settings.evaluation.share, 0.05);
    assert.deepEqual(settings.promotion, {
      maxFvuIncrease: 0.005,
      maxForgetting: 0.05,
      maxDeadIncrease: 0.05,
    });
    assert.equal(settings.train.atoms, 256);
    assert.equal(settings.train.holdout, 0);
  }));

Deno.test("loadPipelineConfig() names every field at fault by its JSON path", async () => {
  await refused(
    {
      ...LEAST,
      train: { atoms: 0, sparsity: "six", pases: 1, coder: "lasso" },
      promotion: { maxFvuIncrease: -1 },
      notify: { webhooks: [{ url: "ftp://x" }] },
    },
    /^(?=.*\/train\/atoms must be >= 1)(?=.*\/train\/sparsity must be integer)(?=.*\/train\/pases is not known, did you mean "passes"\?)(?=.*\/train\/coder must be one of "omp", "mp")(?=.*\/promotion\/maxFvuIncrease)(?=.*\/notify\/webhooks\/0\/url)/,
  );
  await refused(
    { inputs: [3], root: "pipe" },
    /\/train is missing.*\/inputs\/0/,
  );
  await refused(7, /must be object/);
  await refused({ ...LEAST, schedule: "61 * * * *" }, /no valid minute: "61"/);
  await refused(
    { ...LEAST, train: { atoms: 4, sparsity: 5 } },
    /sparsity/,
  );
});

Deno.test("loadPipelineConfig() says where a file is no JSON, or is not there", () =>
  inDirectory(async (folder) => {
    const file = join(folder, "broken.json");
    await Deno.writeTextFile(file, '{ "inputs": [');
    await refused(file, /Not JSON.*broken\.json/);
    await refused(join(folder, "none.json"), /Cannot read.*none\.json/);
  }));

Deno.test("loadPipelineConfig() lets no relative path leave the configuration's folder", () =>
  inDirectory(async (folder) => {
    const outside = join(folder, "outside");
    const base = join(folder, "base");
    await Deno.mkdir(outside);
    await Deno.mkdir(base);
    await Deno.symlink(outside, join(base, "link"));
    await Deno.writeTextFile(join(base, "file"), "");
    const cases: [object, RegExp][] = [
      [{ root: "../pipe" }, /\/root: .* leaves/],
      [{ root: "link/pipe" }, /\/root: .* through a link/],
      [{ root: "file" }, /\/root: .*file" is no folder/],
      [{ train: { ...LEAST.train, threads: 9999 } }, /\/train\/threads/],
      [{ inputs: ["../in/*.parquet"] }, /\/inputs\/0: .* leaves/],
      [{ inputs: ["in/../../x.parquet"] }, /\/inputs\/0: .* leaves/],
      [{ inputs: ["link/*.parquet"] }, /\/inputs\/0: .* through a link/],
      [{ inputs: [{ list: "../urls.txt" }] }, /\/inputs\/0\/list: .* leaves/],
      [{ evaluation: { inputs: ["../e.parquet"] } }, /\/evaluation\/inputs\/0/],
      [{ notify: { prometheus: "../x.prom" } }, /\/notify\/prometheus/],
      [
        { train: { ...LEAST.train, init: "../d.safetensors" } },
        /\/train\/init/,
      ],
    ];
    for (const [change, pattern] of cases) {
      await refused({ ...LEAST, ...change }, pattern, base);
    }
  }));

Deno.test("the schema knows every training parameter, and the recipe's configuration is valid", async () => {
  const { train } = schema.definitions;
  const optional = [
    ...["sampleBatch", "atomBatch", "startSparsity", "matryoshka"],
    ...["groupSparsity", "coding", "selectionRidge", "groupWeight"],
    "candidates",
  ];
  for (const name of [...Object.keys(DEFAULT_TRAIN_OPTIONS), ...optional]) {
    if (name !== "holdout") assert(name in train.properties, name);
  }
  const recipe = new URL("../../docs/recipes/nightly.json", import.meta.url);
  const settings = await loadPipelineConfig(fileURLToPath(recipe));
  assert.equal(settings.schedule?.expression, "30 3 * * *");
});
