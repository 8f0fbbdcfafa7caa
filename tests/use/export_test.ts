import assert from "node:assert/strict";
import { join } from "node:path";
import type { SparseAutoencoder } from "../../src/model/autoencoder.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { reconstruct } from "../../src/model/reconstruct.ts";
import { openSafetensors } from "../../src/files/safetensors.ts";
import { encodeRows } from "../../src/use/autoencoder_coder.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { exportModel } from "../../src/use/export.ts";
import {
  EXPORT_FORMATS,
  type ExportFormat,
  LINEAR_FORMATS,
} from "../../src/use/export_formats.ts";
import { importModel } from "../../src/use/import.ts";
import { train } from "../../src/use/train.ts";
import { loadAnyModel, loadDictionary } from "../../src/use/models.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import { inDirectory } from "../directories.ts";
import { CPU, NONNEGATIVE, smallProblem } from "./helpers.ts";
import { rebuild } from "./read_sae.ts";

/** A problem with a mean and a scale far from 0 and 1. */
function problem(parts: Partial<DictionaryModel> = {}) {
  return smallProblem(1500, { scale: Math.fround(0.31), ...parts });
}

function libraryRows(
  model: SparseAutoencoder,
  data: Float32Array,
  rows: number,
): number[][] {
  const codes = encodeRows(model, data, rows);
  const rebuilt = reconstruct(model, codes);
  return Array.from({ length: rows }, (_, row) => [
    ...rebuilt.subarray(row * model.width, (row + 1) * model.width),
  ]);
}

function assertClose(actual: number[][], expected: number[][]) {
  expected.forEach((row, i) =>
    row.forEach((value, d) =>
      assert.ok(
        Math.abs(actual[i][d] - value) < 1e-4,
        `row ${i}: ${actual[i][d]} not ${value}`,
      )
    )
  );
}

/** Rows rebuilt by a Python reader, where there is a Python. */
async function throughPython(
  format: string,
  directory: string,
  rows: number[][],
): Promise<number[][] | undefined> {
  const script = new URL("./read_sae.py", import.meta.url).pathname;
  const args = [script, format, directory, JSON.stringify(rows)];
  try {
    const { success, stdout, stderr } = await new Deno.Command("python3", {
      args,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Steps of a training that is not about its outcome. */
const SHORT = { steps: 40 } as const;

// What others read as an autoencoder; an export for SAEBench brings its own reader.
for (const format of EXPORT_FORMATS.filter((f) => f !== "saebench")) {
  Deno.test(`exportModel() to ${format}: a reader made from its documentation rebuilds the same rows`, async () => {
    await inDirectory(async (directory) => {
      const { model, data, source } = problem();
      const out = join(directory, "sae");
      const options = { format, out, source, ...SHORT, ...CPU };
      const result = await exportModel(model, options);
      assert.equal(result.latents, format === "saelens-mp" ? 48 : 24);
      const rows = Array.from({ length: 6 }, (_, row) => [
        ...data.subarray(row * model.width, (row + 1) * model.width),
      ]);
      const sae = await importModel(out);
      const ours = libraryRows(sae!, data, 6);
      assertClose(await rebuild(format, out, rows), ours);
      const python = await throughPython(format, out, rows);
      if (python !== undefined) assertClose(python, ours);
    });
  });

  // Its groups are runs of latents: it has no place for both signs of atoms that stay.
  if (format === "dictionary-learning-matryoshka") continue;

  Deno.test(`exportModel() to ${format}: importing and evaluating gives the metrics written`, async () => {
    await inDirectory(async (directory) => {
      const { model, source } = problem({ labels: { "2": "rain" } });
      const out = join(directory, "sae");
      const { metrics } = await exportModel(model, {
        ...{ format, out, source, fixedAtoms: true },
        ...SHORT,
        ...CPU,
      });
      const sae = await loadAnyModel(out);
      assert.deepEqual(sae.labels, { "2": "rain", "26": "rain (negative)" });
      const only = chooseHeldOut(source.rowCount, 0.1, model.seed);
      const again = await evaluate(sae, source, { ...CPU, rows: { only } });
      const names = Object.keys(metrics!.exported);
      assert.ok(names.includes("fvu") && names.includes("coherence"));
      for (const name of names) {
        const value = again.metrics[name as "fvu"];
        const difference = Math.abs(value - metrics!.exported[name]);
        assert.ok(difference <= 1e-5, `${name}: ${value}`);
      }
      const exact = await evaluate(model, source, { ...CPU, rows: { only } });
      assert.equal(exact.metrics.fvu, metrics!.exact.fvu);
      const config = /^dictionary|^gemma/.test(format)
        ? "config.json"
        : "cfg.json";
      const text = JSON.parse(await Deno.readTextFile(join(out, config)));
      assert.deepEqual(
        text.metadata.dbksvd.metrics.exported.fvu,
        metrics!.exported.fvu,
      );
    });
  });
}

Deno.test("exportModel() says that a target loses a threshold, be there as many nonzeros a row as ever", async () => {
  await inDirectory(async (directory) => {
    const { model } = problem();
    const sharing = { ...model, coder: { ...model.coder, threshold: 0.1 } };
    const lostOf = async (of: DictionaryModel, name: string) => {
      const out = join(directory, name);
      return (await exportModel(of, { format: "saelens-mp", out, ...CPU }))
        .lost;
    };
    assert.deepEqual(await lostOf(model, "plain"), []);
    assert.deepEqual(await lostOf(sharing, "sharing"), ["threshold 0.1"]);
  });
});

Deno.test("exportModel() leaves a non-negative dictionary as it is", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = problem({ coder: NONNEGATIVE });
    const out = join(directory, "sae");
    const { latents } = await exportModel(model, {
      format: "saelens-mp",
      out,
      source,
      ...CPU,
    });
    assert.equal(latents, 24);
    const { width, atoms, dictionary } = await loadDictionary(out);
    assert.deepEqual([width, atoms], [12, 24]);
    const worst = dictionary.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - model.dictionary[i])),
      0,
    );
    assert.ok(worst < 1e-6);
  });
});

Deno.test("exportModel() writes SAELens files that load strictly", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = problem();
    const strict: [ExportFormat, string[]][] = [
      ["saelens-mp", ["W_dec", "b_dec"]],
      ["saelens-topk", ["W_dec", "W_enc", "b_dec", "b_enc"]],
      ["saelens-jumprelu", ["W_dec", "W_enc", "b_dec", "b_enc", "threshold"]],
    ];
    for (const [format, names] of strict) {
      const out = join(directory, format);
      const hookName = "blocks.3.hook_resid_post";
      const options = { format, out, source, hookName, ...SHORT, ...CPU };
      await exportModel(model, options);
      const file = await openSafetensors(join(out, "sae_weights.safetensors"));
      assert.deepEqual([...file.header.tensors.keys()].sort(), names);
      const rows = await file.float32("W_dec", [undefined, 12]);
      for (let j = 0; j < rows.length / 12; j++) {
        const length = Math.hypot(...rows.subarray(12 * j, 12 * (j + 1)));
        assert.ok(Math.abs(length - 1) < 1e-5);
      }
      const cfg = JSON.parse(await Deno.readTextFile(join(out, "cfg.json")));
      assert.equal(cfg.metadata.hook_name, hookName);
      assert.match(cfg.metadata.sae_lens_version, /^6\./);
    }
  });
});

Deno.test("exportModel() needs rows only for linear encoders", async () => {
  await inDirectory(async (directory) => {
    const { model } = problem();
    const out = join(directory, "sae");
    const pursuit = await exportModel(model, { format: "saelens-mp", out });
    assert.equal(pursuit.metrics, undefined);
    for (const format of LINEAR_FORMATS) {
      await assert.rejects(exportModel(model, { format, out }), /needs rows/);
    }
  });
});

Deno.test("An imported decoder is a starting dictionary for train()", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = problem({ coder: NONNEGATIVE });
    const out = join(directory, "sae");
    const format = "sparsify";
    await exportModel(model, { format, out, source, ...SHORT, ...CPU });
    const options = { atoms: 24, sparsity: 3, passes: 1, seed: 1 };
    const fresh = await train(source, options, CPU);
    const begun = await train(source, { ...options, init: out }, CPU);
    // The rows were made from these very atoms.
    assert.ok(begun.heldOut!.fvu < fresh.heldOut!.fvu);
    await assert.rejects(
      train(source, { ...options, atoms: 25, init: out }, CPU),
      /24 atoms, 12 wide, not 25 by 12/,
    );
  });
});

Deno.test("importModel() refuses what it cannot run as its tool would", async () => {
  await inDirectory(async (directory) => {
    assert.equal(await importModel(directory), undefined);
    const { model, source } = problem();
    const cases: [ExportFormat, string, Record<string, unknown>, RegExp][] = [
      ["saelens-topk", "cfg.json", { architecture: "temporal" }, /"temporal"/],
      ["saelens-topk", "cfg.json", { k: 0 }, /its k is 0/],
      [
        "saelens-topk",
        "cfg.json",
        { normalize_activations: "layer_norm" },
        /layer_norm/,
      ],
      ["sparsify", "cfg.json", { activation: "relu" }, /"relu"/],
      ["sparsify", "cfg.json", { transcode: true }, /transcoder/],
      ["dictionary-learning", "config.json", {
        trainer: { dict_class: "CrossCoder" },
      }, /CrossCoder/],
    ];
    for (const [i, [format, name, change, message]] of cases.entries()) {
      const out = join(directory, `${i}`);
      await exportModel(model, { format, out, source, ...SHORT, ...CPU });
      const path = join(out, name);
      const config = JSON.parse(await Deno.readTextFile(path));
      await Deno.writeTextFile(path, JSON.stringify({ ...config, ...change }));
      await assert.rejects(importModel(out), message);
      await Deno.writeTextFile(path, "[]");
      await assert.rejects(importModel(out), /Cannot read/);
    }
    const out = join(directory, "gemma");
    await exportModel(model, {
      ...{ format: "gemma-scope", out, source },
      ...{ ...SHORT, ...CPU },
    });
    const path = join(out, "params.npz");
    const bytes = await Deno.readFile(path);
    for (const size of [bytes.length - 30, 100, 0]) {
      await Deno.writeFile(path, bytes.subarray(0, size));
      await assert.rejects(importModel(out), /Not a valid zip archive/);
    }
    bytes[200] ^= 1;
    await Deno.writeFile(path, bytes);
    await assert.rejects(importModel(out), /fails its checksum/);
  });
});
