import assert from "node:assert/strict";
import {
  aboveKernel,
  floorKernel,
  TALLY_EACH,
  tallyKernel,
} from "../../src/autoencoder/gpu/kernels.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { flatThreads } from "../../src/engine/gpu/stages/common.ts";
import { largestKernel } from "../../src/engine/gpu/stages/largest.ts";
import { onDevice } from "./harness.ts";
import { draw, drawCodes } from "./latents.ts";

for (const scaled of [false, true]) {
  Deno.test(`largest.wgsl finds the largest pre-activations above zero, ${scaled ? "times their scales" : "biases among them"}`, async () => {
    for (const [rows, latents, k] of [[3, 30, 4], [5, 21, 1], [2, 6, 6]]) {
      const m4 = Math.ceil(latents / 4),
        padded = () => new Float32Array(4 * m4);
      const bias = padded(),
        scales = padded(),
        A = new Float32Array(rows * 4 * m4);
      bias.set(draw(latents));
      scales.set(draw(latents).map((value) => 1 + Math.abs(value)));
      for (let row = 0; row < rows; row++) A.set(draw(latents), row * 4 * m4);
      await onDevice(async (bench) => {
        const buffers = {
          A: bench.buffer(A),
          bias: bench.buffer(bias),
          scales: bench.buffer(scales),
          indices: bench.buffer(4 * rows * k),
          values: bench.buffer(4 * rows * k),
        };
        await bench.run(
          largestKernel(bench.context, { threads: 32, stride: m4 }, {
            ...{ K: k, KT: k, POSITIVE: true, BIASED: true, SCALED: scaled },
          }),
          buffers,
          { rows, row: 0, slot: 0, atom: 0 },
          rows,
        );
        const indices = await bench.words(buffers.indices, rows * k);
        const values = await bench.floats(buffers.values, rows * k);
        for (let row = 0; row < rows; row++) {
          const own = bias.map((value, j) => value + A[row * 4 * m4 + j]);
          const by = scaled ? own.map((value, j) => value * scales[j]) : own;
          const exact = [...by.keys()].slice(0, latents)
            .sort((a, b) => by[b] - by[a]).slice(0, k)
            .filter((j) => own[j] > 0);
          const empty = Array(k - exact.length).fill(EMPTY_SLOT);
          const found = [...indices.subarray(row * k, (row + 1) * k)];
          assert.deepEqual(found, [...exact, ...empty]);
          exact.forEach((j, s) => assert.equal(values[row * k + s], own[j]));
        }
      });
    }
  });
}

/** Values of which so many are to stay: with ties, with fewer than that, with none. */
const SHARES = [
  { what: "one value", values: Float32Array.of(0.5), wanted: 0 },
  {
    what: "no more than are to stay",
    values: draw(37).map(Math.abs),
    wanted: 37,
  },
  { what: "many values", values: draw(5003).map(Math.abs), wanted: 1234 },
  {
    what: "large and small ones",
    values: draw(611).map((value) => Math.abs(value) ** 9),
    wanted: 100,
  },
  {
    what: "equal ones at the floor",
    values: Float32Array.from({ length: 60 }, (_, i) => 1 + Math.floor(i / 6)),
    wanted: 20,
  },
  { what: "empty slots only", values: new Float32Array(70), wanted: 10 },
];

Deno.test("tally.wgsl, floor.wgsl and above.wgsl leave the largest values of all, equal ones all or none", async () => {
  for (const { what, values, wanted } of SHARES) {
    const sorted = values.toSorted().reverse();
    const floor = wanted < sorted.length ? sorted[wanted] : 0;
    const slots = values.length;
    const own = Uint32Array.from(
      values,
      (value, e) => value > 0 ? e : EMPTY_SLOT,
    );
    await onDevice(async (bench) => {
      const { context } = bench, threads = flatThreads(context);
      const buffers = {
        values: bench.buffer(values),
        indices: bench.buffer(own),
        place: bench.buffer(8),
        counts: bench.buffer(4 * 256),
      };
      for (const shift of [24, 16, 8, 0]) {
        await bench.run(
          tallyKernel(context),
          buffers,
          { slots, shift },
          Math.ceil(slots / threads / TALLY_EACH),
        );
        const begins = shift === 24 ? 1 : 0;
        const digit = { begins, wanted: wanted + 1 };
        await bench.run(floorKernel(context), buffers, digit, 1);
      }
      const [found] = await bench.floats(buffers.place, 1);
      assert.equal(found, floor, what);
      await bench.run(
        aboveKernel(context, false),
        buffers,
        { slots },
        Math.ceil(slots / threads),
      );
      const kept = await bench.words(buffers.indices, slots);
      const left = await bench.floats(buffers.values, slots);
      values.forEach((value, e) => {
        assert.equal(kept[e], value > floor ? e : EMPTY_SLOT, what);
        assert.equal(left[e], value > floor ? value : 0, what);
      });
    });
  }
});

Deno.test("above.wgsl leaves the values above their latents' floors", async () => {
  const latents = 13, { indices, values } = drawCodes(29, latents, 5);
  const floors = draw(latents).map(Math.abs), slots = indices.length;
  await onDevice(async (bench) => {
    const buffers = {
      floors: bench.buffer(floors),
      indices: bench.buffer(indices),
      values: bench.buffer(values),
    };
    const groups = Math.ceil(slots / flatThreads(bench.context));
    await bench.run(
      aboveKernel(bench.context, true),
      buffers,
      { slots },
      groups,
    );
    const kept = await bench.words(buffers.indices, slots);
    const exact = indices.map((latent, e) =>
      latent !== EMPTY_SLOT && values[e] > floors[latent] ? latent : EMPTY_SLOT
    );
    assert.deepEqual(kept, exact);
    assert.ok(kept.some((latent, e) => latent !== indices[e]));
  });
});
