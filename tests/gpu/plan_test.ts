import assert from "node:assert/strict";
import { requireRoom } from "../../src/autoencoder/gpu/context.ts";
import { DbksvdError } from "../../src/errors.ts";
import { takeMemory } from "../../src/gpu/memory.ts";
import { layOutTrainer, planTrainer } from "../../src/autoencoder/gpu/plan.ts";
import { GpuTrainer } from "../../src/autoencoder/gpu/trainer.ts";
import type { AutoencoderSpec } from "../../src/autoencoder/layout.ts";
import { specOf } from "../../src/bench/spec.ts";
import type { DeviceLimits } from "../../src/gpu/device.ts";
import { planGpu } from "../../src/engine/gpu/plan.ts";
import { tuningFor, TUNINGS } from "../../src/engine/gpu/tuning.ts";
import { problem } from "../autoencoder/steps.ts";
import { CARD } from "./cards.ts";

function planFor(
  sizes: { n: number; m: number; k: number; rows: number },
  limits: Partial<DeviceLimits> = {},
  { name = "NVIDIA H100", software = false, refine = 0 } = {},
) {
  const has = { ...CARD, ...limits };
  const adapter = { name, vendor: "", architecture: "", software };
  const spec = specOf(sizes, "omp", "f32");
  const coder = { ...spec.coder, refine };
  return planGpu({ ...spec, coder }, has, tuningFor(adapter, has));
}

Deno.test("planGpu() keeps the correlations of a common batch whole", () => {
  const plan = planFor({ n: 2304, m: 4096, k: 20, rows: 65536 });
  assert.equal(plan.form, "gram");
  assert.equal(plan.chunkRows, 65536);
  assert(plan.needed < 3e9);
});

Deno.test("planGpu() spreads the Gram of 65 536 atoms over bindings and chunks the batch", () => {
  const plan = planFor({ n: 2304, m: 65536, k: 64, rows: 65536 });
  assert.equal(plan.form, "gram");
  assert.equal(plan.groups[0].gram.parts, 9);
  assert(plan.chunkRows < 65536 && plan.chunkRows % 128 === 0);
});

Deno.test("planGpu() codes by products where the Gram does not fit", () => {
  const sizes = { n: 2304, m: 65536, k: 64, rows: 65536 };
  const plan = planFor(sizes, { memory: 20 * 2 ** 30 });
  assert.equal(plan.form, "product");
  assert(plan.needed <= plan.had);
});

Deno.test("planGpu() codes by products where k makes Gram rows dearer", () => {
  const narrow = { n: 256, m: 16384, rows: 65536 };
  assert.equal(planFor({ ...narrow, k: 20 }).form, "gram");
  assert.equal(planFor({ ...narrow, k: 256 }).form, "product");
});

Deno.test("planGpu() takes every size that is promised", () => {
  for (const n of [1, 37, 2304, 8192]) {
    for (const m of [1, 53, 4096, 65536]) {
      for (const k of [1, 20, 320]) {
        if (k > m || k > n) continue;
        const plan = planFor({ n, m, k, rows: 65536 });
        assert(plan.buffers.every(({ bytes }) => Number.isSafeInteger(bytes)));
      }
    }
  }
});

Deno.test("planGpu() refuses with what is needed, what is there and what would fit", () => {
  const sizes = { n: 2304, m: 16384, k: 64, rows: 1 << 20 };
  assert.throws(
    () => planFor(sizes, { memory: 8e9 }),
    /has 8\.00 GB for this and \d+\.\d+ GB are needed, .* GB of them for .*: --sample-batch \d+/,
  );
});

Deno.test("planGpu() refuses on a software driver what its loops cannot reach", () => {
  const sizes = { n: 512, m: 1024, k: 300, rows: 256 };
  assert.equal(planFor(sizes).form, "gram");
  assert.throws(
    () => planFor(sizes, {}, { name: "llvmpipe", software: true }),
    /software driver cuts loops off before 300 .*--device cpu/,
  );
});

Deno.test("planGpu() refines from a Gram alone, and counts what that takes", () => {
  const sizes = { n: 256, m: 16384, k: 256, rows: 4096 };
  assert.equal(planFor(sizes).form, "product");
  const refined = planFor(sizes, {}, { refine: 1 });
  assert.equal(refined.form, "gram");
  const scratch = (plan: typeof refined) =>
    plan.buffers.find(({ name }) => name === "correlations")!.bytes;
  const small = { ...sizes, k: 20 };
  const plain = scratch(planFor(small));
  assert.equal(
    scratch(planFor(small, {}, { refine: 1 })) - plain,
    1024 * 2 * 16384 * 4,
  );
});

Deno.test("planGpu() refuses to refine where the Gram has no room, with the numbers and a way out", () => {
  const sizes = { n: 2304, m: 65536, k: 64, rows: 65536 };
  const memory = 20 * 2 ** 30;
  assert.equal(planFor(sizes, { memory }).form, "product");
  assert.throws(
    () => planFor(sizes, { memory }, { refine: 2 }),
    /has 21\.47 GB for this and \d+\.\d+ GB are needed, .* for Gram: --refine 0/,
  );
});

Deno.test("planGpu() refuses on a software driver what its loops cannot refine", () => {
  const sizes = { n: 512, m: 1024, k: 48, rows: 256 };
  const software = { name: "llvmpipe", software: true };
  assert.equal(planFor(sizes, {}, software).form, "gram");
  assert.throws(
    () => planFor(sizes, {}, { ...software, refine: 10 }),
    /before 48 nonzeros a row are refined 10 times: .*--refine/,
  );
});

Deno.test("planGpu() counts every buffer, whose sizes follow from the problem's", () => {
  const n = 64, m = 512, k = 8, rows = 4096;
  const plan = planFor({ n, m, k, rows });
  const listed = Object.fromEntries(
    plan.buffers.map(({ name, bytes }) => [name, bytes]),
  );
  const expected = {
    "upload": 4 * n * rows,
    "rows": 4 * n * rows,
    "dictionary, old and new": 2 * 4 * n * m,
    "Gram": 4 * m * m,
    "Gram in halves": 2 * m * m,
    "correlations": 4 * m * rows,
    "codes": (4 + 4) * k * rows,
    // Ranks; and twice where the lists and their pieces begin, and what is in them.
    "atom lists": 4 * k * rows + 2 * 4 * (2 * (m + 1) + k * rows),
    // How often each of 128 blocks of rows uses each atom, and its last row there.
    "tallies": 2 * 4 * 128 * m,
    "dense atom lists": 8 * k * rows,
  };
  for (const [name, bytes] of Object.entries(expected)) {
    // Buffers are whole elements of 16 bytes.
    assert(listed[name] >= bytes && listed[name] < bytes + 48, name);
  }
  const sum = plan.buffers.reduce((all, { bytes }) => all + bytes, 0);
  assert.equal(plan.needed, sum);
});

Deno.test("planGpu() says which kernel binds too much where matrices are split over bindings, and how they are", () => {
  const sizes = { n: 2304, m: 65536, k: 64, rows: 4096 };
  const baseline = { storageBuffers: 8, binding: 2 ** 27 };
  assert.throws(
    () => planFor(sizes, baseline),
    /may bind 8 buffers on this device and \w+\.wgsl needs \d+ \(matrices are split into bindings of 134\.2 MB: .*D over 5/,
  );
  assert.equal(planFor({ ...sizes, m: 4096 }, baseline).form, "gram");
});

/** What a language model's layer asks for. */
const LARGE: AutoencoderSpec = {
  ...{ width: 2304, latents: 16384, sparsity: 64, batch: 1024 },
  ...{ selection: "batch", levels: new Uint32Array(16384) },
  learnsDecoder: true,
};

Deno.test("a training's plan says what a GPU needs for it, takes pre-activations in chunks, and is refused with the numbers", () => {
  const { nvidia, software } = TUNINGS;
  const plan = planTrainer(LARGE, CARD, nvidia);
  // Encoder and decoder with two moments each, 151 MB apiece.
  assert.ok(plan.needed > 6 * 4 * 2304 * 16384);
  assert.ok(plan.needed < 1.3e9, `${plan.needed}`);
  assert.equal(plan.chunkRows, 1024);
  const chunked = layOutTrainer(LARGE, { ...CARD, binding: 2 ** 25 }, nvidia);
  assert.equal(chunked.chunkRows, 512);
  assert.equal(chunked.matrices.E.parts, 5);
  const refused = (limits: Partial<typeof CARD>, message: RegExp) =>
    assert.throws(
      () => planTrainer(LARGE, { ...CARD, ...limits }, nvidia),
      message,
    );
  refused(
    { memory: 9e8 },
    /has 0\.90 GB for the autoencoder's training and 1\.\d\d GB are needed, 0\.30 GB of them for the encoder's moments.*--device cpu.*--fixed-atoms/,
  );
  refused(
    { binding: 2 ** 16 },
    /hold 0\.1 MB on this device .* needs 1\.2 MB for codes and lists/,
  );
  assert.throws(
    () => planTrainer({ ...LARGE, sparsity: 2000 }, CARD, software),
    /cuts loops off before 2000 active latents a row are found/,
  );
  const fixed = planTrainer({ ...LARGE, learnsDecoder: false }, CARD, nvidia);
  assert.equal(plan.needed - fixed.needed, 2 * 4 * 2304 * 16383);
});

Deno.test("a training that a device lacks memory for, or whose kernels bind more buffers than it lets them, is refused", async () => {
  const { start } = problem(64, 40, 32);
  const spec: AutoencoderSpec = {
    ...{ width: 40, latents: 64, sparsity: 3, batch: 32, selection: "row" },
    ...{ levels: new Uint32Array(64), learnsDecoder: true },
  };
  const tight = { limits: { memory: 3e4 } };
  await requireRoom(spec);
  await assert.rejects(requireRoom(spec, tight), /has 0\.0 MB for the/);
  await assert.rejects(GpuTrainer.create(spec, start, tight), /has 0\.0 MB/);
  await assert.rejects(
    GpuTrainer.create(spec, start, {
      limits: { binding: 3072, storageBuffers: 8 },
    }),
    /may bind 8 buffers of 0\.0 MB on this device and \w+\.wgsl needs \d+ for this autoencoder/,
  );
});

Deno.test("takeMemory() plans for less where a card has less than it says, until nothing fits", async () => {
  const planned: number[] = [];
  const take = (has: number, least: number) =>
    takeMemory(
      1000,
      (memory) => {
        planned.push(memory);
        if (memory < least) throw new DbksvdError("device", "nothing fits");
        return { needed: memory };
      },
      ({ needed }) => {
        if (needed > has) throw new DbksvdError("device", "no room");
        return Promise.resolve("buffers");
      },
    );
  const { plan, buffers } = await take(700, 100);
  assert.deepEqual(planned, [1000, 800, 640]);
  assert.deepEqual([plan.needed, buffers], [640, "buffers"]);
  await assert.rejects(take(50, 100), /nothing fits/);
});
