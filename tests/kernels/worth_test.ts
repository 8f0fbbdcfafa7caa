import assert from "node:assert/strict";
import {
  rebuildKernel,
  worthKernel,
} from "../../src/autoencoder/gpu/kernels.ts";
import type { TrainerMatrices } from "../../src/autoencoder/gpu/plan.ts";
import { WINDOW } from "../../src/autoencoder/worth.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { listWords } from "../../src/engine/gpu/layout.ts";
import { flatThreads } from "../../src/engine/gpu/stages/common.ts";
import { onDevice } from "./harness.ts";
import { assertAgree, draw, drawCodes, place, take } from "./latents.ts";

/** Sizes that are multiples of nothing; one code a row; matrices in parts. */
const SIZES = [
  { rows: 19, latents: 23, width: 10, slots: 5, split: false },
  { rows: 61, latents: 9, width: 3, slots: 1, split: false },
  { rows: 33, latents: 67, width: 263, slots: 9, split: true },
];

/** Rows of length 1, for which x² is what a latent takes off by itself. */
function unit(matrix: Float32Array, width: number): Float32Array {
  for (let at = 0; at < matrix.length; at += width) {
    const row = matrix.subarray(at, at + width), length = Math.hypot(...row);
    row.forEach((value, d) => row[d] = value / length);
  }
  return matrix;
}

/** What the latents above their floors leave of rows, and what those near theirs are worth, by plain sums. */
function problem({ rows, latents, width, slots }: typeof SIZES[number]) {
  const { indices, values } = drawCodes(rows, latents, slots);
  const Y = draw(rows * width), D = unit(draw(latents * width), width);
  const floors = draw(latents).map((value) => 0.1 + Math.abs(value));
  const rests = Float64Array.from(Y), worths = new Float64Array(2 * latents);
  const each = (visit: (e: number, j: number, row: number) => void) =>
    indices.forEach((j, e) => {
      if (j !== EMPTY_SLOT) visit(e, j, Math.floor(e / slots));
    });
  each((e, j, row) => {
    if (!(values[e] > floors[j])) return;
    for (let d = 0; d < width; d++) {
      rests[row * width + d] -= values[e] * D[j * width + d];
    }
  });
  each((e, j, row) => {
    const x = values[e];
    if (!(x * WINDOW > floors[j] && x < WINDOW * floors[j])) return;
    // The row's squared error without the latent, less that with it.
    let gain = 0;
    for (let d = 0; d < width; d++) {
      const step = x * D[j * width + d], left = rests[row * width + d];
      const [without, by] = x > floors[j]
        ? [left + step, left]
        : [left, left - step];
      gain += without ** 2 - by ** 2;
    }
    worths[2 * j] += gain;
    worths[2 * j + 1]++;
  });
  const { entriesAt, words } = listWords(latents, rows * slots);
  const lists = new Uint32Array(words);
  let filled = 0;
  for (let latent = 0; latent < latents; latent++) {
    lists[latent] = filled;
    each((e, j) => j === latent && (lists[entriesAt + filled++] = e));
  }
  lists[latents] = filled;
  return { indices, values, Y, D, floors, rests, worths, lists };
}

for (const size of SIZES) {
  const { rows, latents, width, slots, split } = size;
  Deno.test(`rebuild.wgsl and worth.wgsl find what latents near their floors are worth: ${rows} rows of ${width}, ${latents} latents, ${slots} slots`, async () => {
    const exact = problem(size);
    assert.ok(exact.worths.some((value) => value !== 0));
    await onDevice(async (bench) => {
      const Y = place(bench, exact.Y, width, split);
      const D = place(bench, exact.D, width, split);
      const R = place(bench, new Float32Array(rows * width), width, split);
      const earlier = Float32Array.from({ length: 2 * latents }, (_, i) => i);
      const buffers = {
        ...{ Y, D, R, slopes: bench.buffer(4 * rows * slots) },
        indices: bench.buffer(exact.indices),
        values: bench.buffer(exact.values),
        floors: bench.buffer(exact.floors),
        lists: bench.buffer(exact.lists),
        worths: bench.buffer(earlier),
      };
      const matrices = { Y, D, R } as unknown as TrainerMatrices;
      await bench.run(
        rebuildKernel(bench.context, { width }, { slots, matrices }, true),
        buffers,
        { rows, levels: 1, factor: 1 },
        rows,
      );
      assertAgree(await take(bench, R, width), exact.rests, "rests");
      await bench.run(
        worthKernel(bench.context, { latents }),
        buffers,
        { latents },
        Math.ceil(latents / flatThreads(bench.context)),
      );
      const found = await bench.floats(buffers.worths, 2 * latents);
      const added = found.map((value, i) => value - earlier[i]);
      assertAgree(added, exact.worths, "worths");
    });
  });
}
