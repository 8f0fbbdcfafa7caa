import assert from "node:assert/strict";
import { join } from "node:path";
import { loadModel } from "../../src/model/directory.ts";
import { readDictionaryFile } from "../../src/model/dictionary_file.ts";
import * as thresholds from "../../src/thresholds.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { exportModel } from "../../src/use/export.ts";
import { loadDictionary } from "../../src/use/models.ts";
import { runCli } from "../cli/fake_io.ts";
import { inDirectory } from "../directories.ts";
import { CPU, smallProblem } from "./helpers.ts";

const FORMAT = { format: "saebench" } as const;
const PYTHON = new URL("../../src/use/saebench/", import.meta.url);

Deno.test("exportModel() to saebench writes the dictionary as it is, the Python that codes with it, and names", async () => {
  await inDirectory(async (directory) => {
    const { model } = smallProblem(60, {
      labels: { "2": "rain" },
      coder: {
        method: "omp",
        sparsity: 3,
        nonnegative: false,
        tolerance: 0,
        refit: false,
        selectionRidge: 0.3,
      },
    });
    const out = join(directory, "sae");
    const result = await exportModel(model, {
      ...FORMAT,
      out,
      modelName: "gemma-2-2b",
      layer: 12,
      contextSize: 128,
    });
    assert.deepEqual(result.lost, []);
    assert.match(result.encoder, /own coder.*selection ridge 0\.3/);
    assert.equal(result.latents, 2 * model.atoms);
    const names = await Array.fromAsync(
      Deno.readDir(out),
      ({ name }) => name,
    );
    assert.deepEqual(names.sort(), [...result.files].sort());
    for (const name of ["dbksvd_sae.py", "run_saebench.py", "labels.json"]) {
      assert(names.includes(name), name);
    }
    const kept = await readDictionaryFile(join(out, "dictionary.safetensors"));
    assert.deepEqual(kept.dictionary, model.dictionary);
    assert.deepEqual(kept.mean, model.mean);
    assert.deepEqual(kept.coder, { ...model.coder, refine: 0 });
    const cfg = JSON.parse(await Deno.readTextFile(join(out, "cfg.json")));
    assert.equal(cfg.d_sae, 2 * model.atoms);
    assert.equal(cfg.metadata.model_name, "gemma-2-2b");
    assert.equal(cfg.metadata.layer, 12);
    assert.equal(cfg.metadata.context_size, 128);
    const labels = await Deno.readTextFile(join(out, "labels.json"));
    assert.deepEqual(
      JSON.parse(labels),
      { "2": "rain", [2 + model.atoms]: "rain (negative)" },
    );
  });
});

Deno.test("exportModel() to saebench tells what the dictionary's own coder does, and replaces only itself", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(300);
    const out = join(directory, "sae");
    const { metrics } = await exportModel(model, {
      ...FORMAT,
      out,
      source,
      ...CPU,
    });
    const all = await evaluate(model, source, CPU);
    assert.equal(metrics!.rows, 30);
    assert.deepEqual(metrics!.exported, metrics!.exact);
    assert.equal(metrics!.exact.l0, all.metrics.l0);
    await exportModel(model, { ...FORMAT, out, source, ...CPU });
    const other = smallProblem(300, { seed: 7, usage: new Uint32Array(24) });
    other.model.dictionary[0] = -other.model.dictionary[0];
    await assert.rejects(
      exportModel(other.model, { ...FORMAT, out, source, ...CPU }),
      /an output of another model/,
    );
    const again = await loadDictionary(out);
    assert.deepEqual(again.dictionary, model.dictionary);
    assert.equal(again.coder.sparsity, model.coder.sparsity);
    await Deno.writeTextFile(join(out, "notes.txt"), "mine");
    await assert.rejects(
      exportModel(model, { ...FORMAT, out, source, ...CPU }),
      /holds something else/,
    );
  });
});

Deno.test("an export for SAEBench is evaluated and inspected as a model is; nothing is put into it", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(300);
    const out = join(directory, "sae");
    const { files } = await exportModel(model, { ...FORMAT, out });
    const rows = join(directory, "rows.f32");
    const { rowCount, width } = source;
    await Deno.writeFile(
      rows,
      new Uint8Array((await source.read({ start: 0, end: rowCount })).buffer),
    );
    for (const command of ["evaluate", "inspect"]) {
      const { code, stderr } = await runCli(
        [command, out, rows, "--width", `${width}`, "--device", "cpu"],
        { XDG_CACHE_HOME: directory },
      );
      assert.equal(code, 0, stderr);
    }
    const names = await Array.fromAsync(Deno.readDir(out), ({ name }) => name);
    assert.deepEqual(names.sort(), [...files].sort());
    await assert.rejects(loadModel(out), /Not a model directory.*config\.json/);
  });
});

Deno.test("the Python of an export for SAEBench has the thresholds of the engines", async () => {
  const found = new Map<string, number>();
  for (const name of ["dbksvd_pursuit.py", "dbksvd_solve.py"]) {
    const text = await Deno.readTextFile(new URL(name, PYTHON));
    for (const [, constant, value] of text.matchAll(/^([A-Z_]+) = (\S+)$/gm)) {
      found.set(constant, Number(value));
    }
  }
  assert(found.size >= 6);
  for (const [name, value] of found) {
    assert.equal(value, thresholds[name as keyof typeof thresholds], name);
  }
});
