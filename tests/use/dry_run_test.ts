import assert from "node:assert/strict";
import { requireRoom } from "../../src/autoencoder/gpu/context.ts";
import { FAKE_CARD, withCard } from "../gpu/fake_card.ts";
import { dryRun, rowsFromArray, type RowSource } from "../../mod.ts";

function rows(count: number, width: number): RowSource {
  return rowsFromArray(
    Float32Array.from({ length: count * width }, (_, i) => Math.sin(i * i)),
    width,
  );
}

Deno.test("dryRun() tells the split and the batches that train would take", async () => {
  const reported = await dryRun(rows(5000, 6), {
    atoms: 20,
    sparsity: 3,
    passes: 2,
    sampleBatch: 1000,
  }, "cpu");
  assert.deepEqual(reported.heldOut, { rows: 500 });
  assert.equal(reported.rows, 4500);
  assert.equal(reported.sampleBatch, 900);
  assert.equal(reported.iterations, 10);
  assert.equal(reported.gpu, undefined);
});

Deno.test("dryRun() tells what the CPU engine would take, for its threads and for rows held between passes", async () => {
  const options = { atoms: 400, sparsity: 3, passes: 2, sampleBatch: 1000 };
  const of = async (changes: Partial<typeof options>, threads: number) =>
    (await dryRun(rows(5000, 6), { ...options, ...changes }, "cpu", threads))
      .cpu!;
  const reported = await of({}, 2);
  assert.equal(reported.threads, 2);
  // At least rows, dictionary and Gram; rows are filled up to eight floats.
  assert(reported.memoryBytes > 4 * (900 * 8 + 400 * 8 + 400 ** 2));
  assert(reported.memoryBytes < 8e6);
  assert.equal(reported.heldRowsBytes, 4 * 4500 * 8);
  assert.equal((await of({ passes: 1 }, 2)).heldRowsBytes, 0);
  assert((await of({}, 8)).memoryBytes > reported.memoryBytes);
  assert((await of({ atoms: 2000 }, 2)).memoryBytes > 1.6e7);
});

Deno.test("dryRun() tells what training the atoms as a decoder would take beside", async () => {
  const options = { atoms: 40, sparsity: 3, passes: 2 };
  assert.equal(
    (await dryRun(rows(500, 6), options, "cpu")).decoder,
    undefined,
  );
  const of = async (atoms: number, decoderSteps: number) =>
    (await dryRun(rows(500, 6), { ...options, atoms, decoderSteps }, "cpu"))
      .decoder!;
  const { steps, memoryBytes, estimatedSeconds } = await of(40, 30);
  assert.equal(steps, 30);
  // Encoder and decoder with two moments each, and the rows.
  assert(memoryBytes > 4 * (6 * 40 * 6 + 450 * 6));
  const more = (await of(400, 30)).memoryBytes - memoryBytes;
  assert(more > 4 * 6 * 360 * 6);
  assert(estimatedSeconds > 0);
});

Deno.test("dryRun() tells what the GPU would take where atoms train as a decoder there", async () => {
  const size = { width: 6, latents: 40, sparsity: 3, batch: 450 };
  const needed = await requireRoom({
    ...{ ...size, selection: "batch", learnsDecoder: true },
    levels: new Uint32Array(40),
  });
  const options = { atoms: 40, sparsity: 3, decoderSteps: 30 };
  const { decoder } = await dryRun(rows(500, 6), options, "gpu");
  assert.equal(decoder!.memoryBytes, needed + 4 * 450 * 6);
  assert(decoder!.estimatedSeconds > 0);
});

Deno.test("dryRun() has the processor take a decoder's steps where a GPU lacks room for them that was not asked for, and says why", async () => {
  const options = { atoms: 40, sparsity: 3, decoderSteps: 30 };
  const [small, large] = [2 ** 14, 2 ** 20].map((binding) => (device?: "gpu") =>
    withCard({ binding }, () => dryRun(rows(500, 6), options, device))
  );
  const { gpu, cpu, problem, decoder } = await small();
  assert.equal(gpu!.adapter, FAKE_CARD);
  assert.deepEqual([cpu, problem], [undefined, undefined]);
  assert.equal(decoder!.kind, "cpu");
  assert.match(
    decoder!.problem!,
    /^One buffer may hold .* for codes and lists$/,
  );
  const there = (await dryRun(rows(500, 6), options, "cpu")).decoder!;
  assert.equal(there.problem, undefined);
  assert.equal(decoder!.memoryBytes, there.memoryBytes);
  await assert.rejects(small("gpu"), /codes and lists: use "device" cpu/);
  const fits = (await large()).decoder!;
  assert.deepEqual([fits.kind, fits.problem], ["gpu", undefined]);
});

Deno.test("dryRun() has the CPU engine make the passes where a GPU lacks room for them that was not asked for, and says why", async () => {
  const options = { atoms: 40, sparsity: 3, decoderSteps: 30 };
  const small = (device?: "gpu") =>
    withCard({ binding: 1024 }, () => dryRun(rows(500, 6), options, device));
  const { gpu, cpu, problem, decoder, estimatedSeconds } = await small();
  assert.equal(gpu, undefined);
  assert.deepEqual(cpu, (await dryRun(rows(500, 6), options, "cpu")).cpu);
  assert.match(problem!, /^One buffer may hold .*/);
  assert(estimatedSeconds > 0);
  assert.deepEqual([decoder!.kind, decoder!.problem], ["cpu", undefined]);
  await assert.rejects(small("gpu"), /One buffer may hold/);
});

Deno.test("dryRun() tells the memory plan on the GPU that is there", async () => {
  const reported = await dryRun(
    rows(300, 6),
    { atoms: 20, sparsity: 3 },
    "gpu",
  );
  assert(reported.gpu!.neededBytes > 0);
  assert(reported.gpu!.neededBytes <= reported.gpu!.availableBytes);
  assert(reported.gpu!.lines.some((line) => line.includes("dictionary")));
});

Deno.test("dryRun() refuses what train would refuse", async () => {
  await assert.rejects(
    dryRun(rows(300, 6), { atoms: 20, sparsity: 7 }),
    /"sparsity" is "7"/,
  );
  await assert.rejects(
    dryRun(rows(300, 6), { atoms: 20, sparsity: 3, holdout: 300 }),
    /leaves none/,
  );
  await assert.rejects(
    dryRun(rows(30, 6), { atoms: 28, sparsity: 3 }),
    /fewer training rows \(27\) than atoms \(28\)/,
  );
  await assert.rejects(
    dryRun(rows(300, 6), { atoms: 20, sparsity: 3, init: "nowhere" }),
    /nowhere/,
  );
});

Deno.test("dryRun() foretells the time of training, more of it for more passes", async () => {
  const of = async (passes: number) =>
    (await dryRun(
      rows(3000, 16),
      { atoms: 64, sparsity: 4, passes },
      "cpu",
      1,
    )).estimatedSeconds!;
  assert(await of(1) > 0);
  assert(await of(1000) > 20 * await of(1));
});

Deno.test("dryRun() finds filters that cannot be applied", async () => {
  const source = {
    ...rows(300, 6),
    // deno-lint-ignore require-yield
    async *batches() {
      await Promise.resolve();
      throw new Error("No such column to filter by");
    },
  };
  await assert.rejects(
    dryRun(source, { atoms: 20, sparsity: 3 }, "cpu"),
    /No such column to filter by/,
  );
});
