import assert from "node:assert/strict";
import { planTrainer } from "../../src/autoencoder/gpu/plan.ts";
import { GpuTrainer } from "../../src/autoencoder/gpu/trainer.ts";
import type { Parameters } from "../../src/autoencoder/contract.ts";
import { createTrainer } from "../../src/autoencoder/create.ts";
import type { AutoencoderSpec } from "../../src/autoencoder/layout.ts";
import {
  trainAutoencoder,
  type TrainingOptions,
} from "../../src/autoencoder/train.ts";
import type { Candidates } from "../../src/autoencoder/worth.ts";
import type { GpuEngineOptions } from "../../src/engine/gpu/open.ts";
import { TUNINGS } from "../../src/engine/gpu/tuning.ts";
import { DbksvdError } from "../../src/errors.ts";
import {
  assertNear,
  problem,
  stepped,
  steppedPlainly,
} from "../autoencoder/steps.ts";
import { CARD } from "./cards.ts";

/** A trainer whose matrices lie in bindings as small as asked for, or as a device can have that binds fewer buffers. */
async function trainerWithin(
  spec: AutoencoderSpec,
  start: Parameters,
  options: GpuEngineOptions = {},
): Promise<GpuTrainer> {
  const { limits } = options;
  for (let binding = limits?.binding;; binding = 2 * binding!) {
    const within = binding === undefined ? limits : { ...limits, binding };
    try {
      return await GpuTrainer.create(spec, start, {
        ...options,
        limits: within,
      });
    } catch (error) {
      const refused = error instanceof DbksvdError &&
        /may bind \d+ buffers/.test(error.message);
      if (binding === undefined || !refused) throw error;
    }
  }
}

/** Latents in three levels, or in one. */
const levelsOf = (latents: number, nested: boolean) =>
  Uint32Array.from(
    { length: latents },
    (_, j) => !nested ? 0 : 7 * j < latents ? 0 : 2 * j < latents ? 1 : 2,
  );

interface Case {
  name: string;
  size: Pick<AutoencoderSpec, "width" | "latents" | "batch" | "sparsity">;
  selection: AutoencoderSpec["selection"];
  nested?: boolean;
  options?: GpuEngineOptions;
}

const SIZE = { width: 10, latents: 30, batch: 70, sparsity: 4 };

const CASES: Case[] = [
  { name: "TopK", size: SIZE, selection: "row" },
  { name: "BatchTopK", size: SIZE, selection: "batch" },
  { name: "TopK by prefixes", size: SIZE, selection: "row", nested: true },
  { name: "Matryoshka", size: SIZE, selection: "batch", nested: true },
  {
    name: "one active latent, a row longer than a workgroup's threads",
    size: { width: 263, latents: 67, batch: 45, sparsity: 1 },
    selection: "batch",
    nested: true,
  },
  {
    name: "as many active latents as there are, without subgroups",
    size: { width: 7, latents: 9, batch: 33, sparsity: 9 },
    selection: "batch",
    options: { subgroups: false },
  },
  {
    name: "matrices in parts, pre-activations in chunks",
    size: { width: 21, latents: 301, batch: 90, sparsity: 9 },
    selection: "batch",
    nested: true,
    options: { limits: { binding: 2 ** 14 } },
  },
  {
    name: "an encoder split at no multiple of four, tallies in a buffer",
    size: { width: 21, latents: 301, batch: 90, sparsity: 2 },
    selection: "row",
    options: { limits: { binding: 2 ** 14 - 256, workgroupMemory: 1100 } },
  },
];

for (const { name, size, selection, nested = false, options } of CASES) {
  Deno.test(`the GPU takes Adam's steps as defined: ${name}`, async () => {
    const given = problem(size.latents, size.width, size.batch);
    const spec: AutoencoderSpec = {
      ...{ ...size, selection, learnsDecoder: true },
      levels: levelsOf(size.latents, nested),
    };
    const trainer = await trainerWithin(spec, given.start, options);
    const found = await stepped(trainer, given.batches);
    const expected = steppedPlainly(spec, given);
    assertNear(found.encoder, expected.encoder);
    assertNear(found.decoder, expected.decoder);
    assertNear(found.bias, expected.bias);
  });
}

Deno.test("the GPU takes the processor's steps where rows have fewer slots than they would fill", async () => {
  const size = { width: 21, latents: 301, batch: 90, sparsity: 3 };
  const given = problem(size.latents, size.width, size.batch);
  const spec: AutoencoderSpec = {
    ...{ ...size, selection: "batch", learnsDecoder: true },
    levels: levelsOf(size.latents, true),
  };
  const processor = await createTrainer(spec, given.start, { threads: 1 });
  const expected = await stepped(processor, given.batches);
  const trainer = await GpuTrainer.create(spec, given.start);
  const found = await stepped(trainer, given.batches);
  assertNear(found.encoder, [...expected.encoder]);
  assertNear(found.decoder, [...expected.decoder]);
  assertNear(found.bias, [...expected.bias]);
});

Deno.test("the GPU leaves the same bytes every time, in chunks or not", async () => {
  const size = { width: 30, latents: 301, batch: 300, sparsity: 5 };
  const given = problem(size.latents, size.width, size.batch);
  const spec: AutoencoderSpec = {
    ...{ ...size, selection: "batch", learnsDecoder: true },
    levels: levelsOf(size.latents, true),
  };
  const once = async (options?: GpuEngineOptions) =>
    await stepped(
      await GpuTrainer.create(spec, given.start, options),
      given.batches,
    );
  const limits = { memory: 1.2e6 }, tight = { ...CARD, ...limits };
  const { chunkRows } = planTrainer(spec, tight, TUNINGS.software);
  assert.equal(chunkRows, 128);
  const first = await once();
  assert.deepEqual(await once(), first);
  assert.deepEqual(await once({ limits }), first);
});

for (const learnsDecoder of [true, false]) {
  Deno.test(`the GPU sees and restarts latents as the processor does: ${learnsDecoder ? "both learn" : "the encoder alone"}`, async () => {
    const given = problem(24, 13, 100), [rows, others] = given.batches;
    given.start.bias[3] = given.start.bias[5] = -1e3;
    const spec: AutoencoderSpec = {
      ...{ width: 13, latents: 24, batch: 100, sparsity: 3, learnsDecoder },
      ...{ selection: "batch", levels: levelsOf(24, true) },
    };
    const floors = Float32Array.from({ length: 24 }, (_, j) => j / 24);
    const both = [];
    for (const device of ["cpu", "gpu"] as const) {
      const trainer = await createTrainer(spec, given.start, { device });
      try {
        const look = await trainer.look(rows);
        const above = await trainer.look(rows.subarray(13 * 7), floors);
        await trainer.step(rows, 1e-3);
        await trainer.step(others.subarray(0, 13 * 61), 1e-3);
        const silent = await trainer.silent();
        const begun = await trainer.restart([3, 5, 8]);
        const after = await trainer.silent();
        await trainer.step(rows, 1e-3);
        const parameters = await trainer.parameters();
        both.push({ look, above, silent, begun, after, parameters });
      } finally {
        await trainer.close();
      }
    }
    const [cpu, gpu] = both;
    assert.ok(Math.abs(cpu.look.floor - gpu.look.floor) < 1e-5);
    assert.ok(cpu.look.floor > 0);
    assert.deepEqual(gpu.look.uses, cpu.look.uses);
    assert.deepEqual(gpu.above, cpu.above);
    assert.deepEqual(gpu.silent, cpu.silent);
    assert.equal(gpu.silent[3], 161);
    assert.deepEqual(gpu.begun, cpu.begun);
    assert.deepEqual(gpu.begun.slice(0, 2), [3, 5]);
    assert.deepEqual(gpu.after, cpu.after);
    assert.equal(gpu.after[3], 0);
    assertNear(gpu.parameters.encoder, [...cpu.parameters.encoder]);
    assertNear(gpu.parameters.decoder, [...cpu.parameters.decoder]);
    assertNear(gpu.parameters.bias, [...cpu.parameters.bias]);
  });
}

Deno.test("the GPU finds pre-activations, and what latents near their thresholds are worth, as the processor does", async () => {
  const { start, batches: [, rows] } = problem(61, 21, 100);
  const spec: AutoencoderSpec = {
    ...{ width: 21, latents: 61, batch: 40, sparsity: 6 },
    ...{ selection: "batch", levels: levelsOf(61, true), learnsDecoder: true },
  };
  // So far apart that the largest are not the largest beside their thresholds.
  const thresholds = Float32Array.from(
    { length: 61 },
    (_, j) => 0.2 * 30 ** (j / 60),
  );
  const both = [];
  for (const device of ["cpu", "gpu"] as const) {
    const trainer = await createTrainer(spec, start, { device });
    try {
      const sight = await trainer.sight();
      const seen = await sight.candidates(rows, 1);
      const beside = await sight.candidates(rows, 0.05, thresholds);
      const worths = await sight.worths(rows, beside, thresholds);
      both.push({ seen, beside, ...worths });
    } finally {
      await trainer.close();
    }
  }
  const [cpu, gpu] = both;
  assert.deepEqual(gpu.seen.starts, cpu.seen.starts);
  const active = ({ latents, values }: Candidates) =>
    values.filter((value, e) => value > thresholds[latents[e]]).length;
  assert.equal(active(gpu.beside), active(cpu.beside));
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum(gpu.seen.values) / sum(cpu.seen.values) - 1) < 1e-6);
  assert.ok(sum([...cpu.near]) > 100);
  assert.deepEqual(gpu.near, cpu.near);
  assert.ok(
    gpu.worth.every((value, j) => Math.abs(value - cpu.worth[j]) < 1e-4),
  );
});

Deno.test("a training on the GPU ends as the processor's does, latents that begin again and thresholds among it", async () => {
  const { start, batches } = problem(24, 12, 300);
  start.bias[7] = -1e3;
  const options: TrainingOptions = {
    ...{ width: 12, sparsity: 6, steps: 24, seed: 1, rate: 1e-3 },
    ...{ selection: "batch", thresholdEach: true },
  };
  const [cpu, gpu] = await Promise.all(
    (["cpu", "gpu"] as const).map((device) =>
      trainAutoencoder(batches[0], start, { ...options, device })
    ),
  );
  assert.equal(gpu.helped, cpu.helped);
  assert.equal(gpu.dead, 0);
  assert.ok(gpu.helped > 0);
  const off = (name: "encoder" | "decoder" | "thresholds") => {
    const delta = gpu[name].map((value, i) => value - cpu[name][i]);
    return Math.hypot(...delta) / Math.hypot(...cpu[name]);
  };
  assert.ok(off("encoder") < 1e-4, `${off("encoder")}`);
  assert.ok(off("decoder") < 1e-4, `${off("decoder")}`);
  // A pre-activation at the edge of what is near a threshold counts or does not.
  assert.ok(off("thresholds") < 1e-2, `${off("thresholds")}`);
});

Deno.test("a training on the GPU ends when its signal fires", async () => {
  const { start, batches } = problem(40, 12, 1500);
  const stop = new AbortController(), reason = new Error("enough");
  await assert.rejects(
    trainAutoencoder(batches[0], start, {
      ...{ width: 12, sparsity: 3, steps: 1e6, seed: 1, selection: "row" },
      ...{ device: "gpu", signal: stop.signal },
      onStep: (done) => done === 3 && stop.abort(reason),
    }),
    reason,
  );
});
