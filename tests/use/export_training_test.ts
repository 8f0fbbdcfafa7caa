import assert from "node:assert/strict";
import { join } from "node:path";
import type { SparseAutoencoder } from "../../src/model/autoencoder.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { exportModel } from "../../src/use/export.ts";
import { importModel } from "../../src/use/import.ts";
import { inDirectory } from "../directories.ts";
import { CPU, NONNEGATIVE, smallProblem } from "./helpers.ts";

/** Steps of a training that is not about its outcome. */
const SHORT = { steps: 40 } as const;

/** A problem with a mean and a scale far from 0 and 1. */
function problem(parts: Partial<DictionaryModel> = {}) {
  return smallProblem(1500, { scale: Math.fround(0.31), ...parts });
}

Deno.test("exportModel() to dictionary-learning-matryoshka keeps the groups, and refuses both signs of atoms that stay", async () => {
  await inDirectory(async (directory) => {
    const format = "dictionary-learning-matryoshka";
    const { model, source } = problem({ groups: [8, 16] });
    const out = join(directory, "sae");
    const options = { format, out, source, ...SHORT, ...CPU } as const;
    await assert.rejects(
      exportModel(model, { ...options, fixedAtoms: true }),
      /no place for both signs/,
    );
    await exportModel(model, options);
    const text = await Deno.readTextFile(join(out, "config.json"));
    assert.deepEqual(JSON.parse(text).trainer.group_sizes, [8, 16]);
    assert.ok(await importModel(out));
  });
});

Deno.test("exportModel() trains the atoms on: a lower error than with those that stay, no latent dead", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = problem({ coder: NONNEGATIVE });
    const results = [];
    for (const fixedAtoms of [false, true]) {
      results.push(
        await exportModel(model, {
          ...{ format: "saelens-topk", source, fixedAtoms, steps: 200 },
          ...{ out: join(directory, `${fixedAtoms}`), ...CPU },
        }),
      );
    }
    const [trained, fixed] = results;
    assert.ok(trained.metrics!.exported.fvu < fixed.metrics!.exported.fvu);
    assert.ok(trained.meanCosine! > 0.7 && trained.meanCosine! < 1);
    assert.equal(fixed.meanCosine, undefined);
    assert.equal(trained.fit!.deadLatents, 0);
  });
});

Deno.test("exportModel() trains on the GPU where that is the device, to the same end, and says so", async () => {
  await inDirectory(async (directory) => {
    const format = "dictionary-learning-matryoshka";
    const { model, source } = problem({ groups: [8, 16] });
    const [cpu, gpu] = await Promise.all(
      (["cpu", "gpu"] as const).map((device) =>
        exportModel(model, {
          ...{ format, source, device, out: join(directory, device) },
          ...SHORT,
        })
      ),
    );
    assert.equal(cpu.fit!.device.kind, "cpu");
    assert.equal(gpu.fit!.device.kind, "gpu");
    assert.ok(gpu.encoder.includes(`rows on ${gpu.fit!.device.name})`));
    assert.ok(cpu.encoder.includes("rows)"));
    const [ours, theirs] = [gpu, cpu].map(({ metrics }) => metrics!.exported);
    assert.ok(Math.abs(ours.fvu / theirs.fvu - 1) < 1e-2);
    assert.ok(Math.abs(ours.l0 / theirs.l0 - 1) < 1e-2);
    assert.equal(gpu.fit!.deadLatents, cpu.fit!.deadLatents);
  });
});

Deno.test("exportModel() takes names along where atoms stayed near, and keeps the rest apart", async () => {
  await inDirectory(async (directory) => {
    const sides = (up: string, down: string) =>
      [
        { label: up, source: "hand", sign: "+" },
        { label: down, source: "hand", sign: "-" },
      ] as const;
    const labels = { "2": "rain", "5": sides("up", "down") };
    const { model, source } = problem({ labels });
    const out = join(directory, "sae"), notices: string[] = [];
    const options = {
      format: "saelens-topk",
      ...{ out, source, steps: 1, ...CPU },
      onNotice: (notice: string) => notices.push(notice),
    } as const;
    await exportModel(model, options);
    const sae = await importModel(out);
    const cosine = (atom: number) =>
      Array.from(
        { length: 12 },
        (_, d) =>
          model.dictionary[12 * atom + d] * sae!.dictionary[12 * atom + d],
      )
        .reduce((sum, each) => sum + each);
    // A latent has one sign: of atom 5's two names one is lost, and said.
    const up = cosine(5) > 0;
    assert.deepEqual(sae!.labels, {
      "2": cosine(2) > 0 ? "rain" : "rain (negative)",
      "5": up ? "up" : "down",
    });
    const lost = JSON.parse(
      await Deno.readTextFile(join(out, "labels.lost.json")),
    );
    assert.equal(lost.length, 1);
    assert.deepEqual(lost[0].entry, labels["5"][up ? 1 : 0]);
    assert.match(
      notices.join(),
      /^Labels: 2 names kept; 1 without a successor/,
    );
    // The same export may take its place, lost names and all.
    await exportModel(model, options);
  });
});

Deno.test("exportModel() trains encoders that beat the dictionary used as its own encoder", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = problem();
    const out = join(directory, "sae");
    const { metrics } = await exportModel(model, {
      ...{ format: "saelens-topk", out, source, fixedAtoms: true },
      ...{ steps: 200, ...CPU },
    });
    const fitted = await importModel(out) as SparseAutoencoder;
    const only = chooseHeldOut(source.rowCount, 0.1, model.seed);
    const tied = { ...fitted, encoder: fitted.dictionary };
    const { metrics: plain } = await evaluate(tied, source, {
      ...CPU,
      rows: { only },
    });
    assert.ok(metrics!.exported.fvu < plain.fvu);
    assert.ok(metrics!.exact.fvu < metrics!.exported.fvu);
  });
});
