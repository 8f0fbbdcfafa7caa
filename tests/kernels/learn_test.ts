import assert from "node:assert/strict";
import {
  learnKernel,
  rebuildKernel,
} from "../../src/autoencoder/gpu/kernels.ts";
import {
  STATE_WORDS,
  type TrainerMatrices,
} from "../../src/autoencoder/gpu/plan.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { listWords } from "../../src/engine/gpu/layout.ts";
import { onDevice } from "./harness.ts";
import { assertAgree, draw, drawCodes, place, take } from "./latents.ts";

/** Sizes that are multiples of nothing, one active latent, several elements a thread, matrices in parts. */
const SIZES = [
  { rows: 17, latents: 23, width: 10, slots: 5, levelCount: 4, split: false },
  { rows: 11, latents: 9, width: 7, slots: 1, levelCount: 1, split: false },
  { rows: 40, latents: 31, width: 301, slots: 9, levelCount: 2, split: true },
];

/** A problem, with what every level leaves of its rows. */
function rebuilding(
  { rows, latents, width, slots, levelCount }: typeof SIZES[number],
) {
  const codes = drawCodes(rows, latents, slots);
  const Y = draw(rows * width), D = draw(latents * width);
  const levels = Uint32Array.from(
    { length: latents },
    (_, j) => Math.floor(j * levelCount / latents),
  );
  const rests = new Float64Array(rows * levelCount * width);
  const slopes = new Float64Array(rows * slots);
  const factor = -2 / (rows * levelCount);
  for (let row = 0; row < rows; row++) {
    const left = Float64Array.from(Y.subarray(row * width, (row + 1) * width));
    const every: Float64Array[] = [];
    for (let level = 0; level < levelCount; level++) {
      for (let e = row * slots; e < (row + 1) * slots; e++) {
        const j = codes.indices[e];
        if (levels[j] !== level) continue;
        left.forEach((_, d) => left[d] -= codes.values[e] * D[j * width + d]);
      }
      every.push(left.slice());
    }
    for (let level = levelCount - 1; level >= 0; level--) {
      const later = every.slice(level);
      for (let d = 0; d < width; d++) {
        rests[(row * levelCount + level) * width + d] = later
          .reduce((sum, one) => sum + one[d], 0);
      }
    }
    for (let e = row * slots; e < (row + 1) * slots; e++) {
      const j = codes.indices[e];
      if (j === EMPTY_SLOT) continue;
      const at = (row * levelCount + levels[j]) * width;
      for (let d = 0; d < width; d++) {
        slopes[e] += factor * rests[at + d] * D[j * width + d];
      }
    }
  }
  return { ...codes, Y, D, levels, rests, slopes, factor };
}

for (const size of SIZES) {
  const { rows, latents, width, slots, levelCount, split } = size;
  const sizes =
    `${rows} rows of ${width}, ${latents} latents, ${slots} slots, ${levelCount} levels`;
  Deno.test(`rebuild.wgsl leaves what every level leaves of rows, and finds slopes: ${sizes}`, async () => {
    const exact = rebuilding(size);
    await onDevice(async (bench) => {
      const Y = place(bench, exact.Y, width, split);
      const D = place(bench, exact.D, width, split);
      const blank = new Float32Array(exact.rests.length);
      const R = place(bench, blank, width, split);
      const slopes = bench.buffer(4 * rows * slots);
      const matrices = { Y, D, R } as unknown as TrainerMatrices;
      await bench.run(
        rebuildKernel(bench.context, { width }, { slots, matrices }, false),
        {
          ...{ Y, D, R, slopes },
          indices: bench.buffer(exact.indices),
          values: bench.buffer(exact.values),
          levels: bench.buffer(exact.levels),
        },
        { rows, levels: levelCount, factor: exact.factor },
        rows,
      );
      assertAgree(await take(bench, R, width), exact.rests, "rests");
      const found = await bench.floats(slopes, rows * slots);
      assertAgree(found, exact.slopes, "slopes");
    });
  });

  for (const side of ["encoder", "decoder"] as const) {
    Deno.test(`learn.wgsl takes Adam's step as defined for the ${side}: ${sizes}`, async () => {
      const exact = stepOf(size, side);
      await onDevice(async (bench) => {
        const S = place(bench, exact.source, width, split);
        const P = place(bench, exact.before, width, split);
        const twice = 8 * Math.ceil(width / 4);
        const M = place(bench, exact.moments, twice, split);
        const matrices = (side === "encoder"
          ? { Y: S, E: P, ofEncoder: M }
          : { R: S, D: P, ofDecoder: M }) as unknown as TrainerMatrices;
        const bias = bench.buffer(exact.bias);
        const states = bench.buffer(exact.states);
        const sizes = { width, latents };
        await bench.run(
          learnKernel(bench.context, sizes, { slots, matrices }, side),
          {
            ...{ S, P, M, bias, states },
            weights: bench.buffer(exact.weights),
            lists: bench.buffer(exact.lists),
            levels: bench.buffer(exact.levels),
          },
          {
            ...{ latents, rows, levels: levelCount, factor: exact.factor },
            ...{ rate: exact.rate, short: exact.short },
          },
          latents,
        );
        assertAgree(await take(bench, P, width), exact.after, "rows");
        const moments = await take(bench, M, twice);
        assertAgree(moments, exact.momentsAfter, "moments");
        if (side === "decoder") {
          return;
        }
        const biases = await bench.floats(bias, latents);
        assertAgree(biases, exact.biasAfter, "bias");
        const words = STATE_WORDS * latents;
        const counts = await bench.words(states, words);
        const found = await bench.floats(states, words);
        for (let j = 0; j < latents; j++) {
          const at = STATE_WORDS * j;
          assert.equal(counts[at + 2], exact.uses[j] > 0 ? 0 : 100 + j + rows);
          const [mean, square] = exact.biasMoments[j];
          assert.ok(Math.abs(found[at] - mean) <= 1e-4 * Math.abs(mean));
          assert.ok(Math.abs(found[at + 1] - square) <= 1e-4 * square);
        }
      });
    });
  }
}

const adam = (mean: number, square: number, slope: number) =>
  [0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope ** 2] as const;

/** One step, from random moments, by plain sums in float64. */
function stepOf(
  { rows, latents, width, slots, levelCount }: typeof SIZES[number],
  of: "encoder" | "decoder",
) {
  const { indices } = drawCodes(rows, latents, slots);
  const deep = of === "decoder" ? levelCount : 1;
  const source = draw(rows * deep * width), before = draw(latents * width);
  const weights = draw(rows * slots), bias = draw(latents);
  const levels = Uint32Array.from(
    { length: latents },
    (_, j) => j % levelCount,
  );
  const wide = 4 * Math.ceil(width / 4);
  const moments = new Float32Array(2 * latents * wide);
  const factor = of === "decoder" ? -0.3 : 1, rate = 0.02, short = 1.7;
  const { entriesAt, words } = listWords(latents, rows * slots);
  const lists = new Uint32Array(words), uses = new Uint32Array(latents);
  const after = new Float64Array(latents * width);
  const momentsAfter = new Float64Array(moments.length);
  const states = new Float32Array(STATE_WORDS * latents);
  const counters = new Uint32Array(states.buffer);
  const biasAfter = new Float64Array(latents);
  const biasMoments: (readonly [number, number])[] = [];
  let filled = 0;
  for (let j = 0; j < latents; j++) {
    lists[j] = filled;
    const gradient = new Float64Array(width);
    let slope = 0;
    indices.forEach((latent, e) => {
      if (latent !== j) return;
      lists[entriesAt + filled++] = e;
      uses[j]++;
      slope += factor * weights[e];
      const row = Math.floor(e / slots);
      const from = of === "decoder" ? row * levelCount + levels[j] : row;
      gradient.forEach((_, d) =>
        gradient[d] += factor * weights[e] * source[from * width + d]
      );
    });
    const own = after.subarray(j * width, (j + 1) * width);
    for (let d = 0; d < width; d++) {
      const at = 2 * j * wide + d;
      moments[at] = draw(1)[0];
      moments[at + wide] = Math.abs(draw(1)[0]);
      const [mean, square] = adam(moments[at], moments[at + wide], gradient[d]);
      momentsAfter[at] = mean;
      momentsAfter[at + wide] = square;
      const root = Math.sqrt(short * square) + 1e-8;
      own[d] = before[j * width + d] - rate * mean / root;
    }
    const length = Math.hypot(...own);
    if (of === "decoder") own.forEach((value, d) => own[d] = value / length);
    const at = STATE_WORDS * j;
    states[at] = draw(1)[0];
    states[at + 1] = Math.abs(draw(1)[0]);
    counters[at + 2] = 100 + j;
    const [mean, square] = adam(states[at], states[at + 1], slope);
    biasMoments.push([mean, square]);
    biasAfter[j] = bias[j] - rate * mean / (Math.sqrt(short * square) + 1e-8);
  }
  lists[latents] = filled;
  return {
    ...{ source, before, weights, bias, levels, moments, lists, states },
    ...{ factor, rate, short, uses, after, momentsAfter },
    ...{ biasAfter, biasMoments },
  };
}
