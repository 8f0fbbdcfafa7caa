import assert from "node:assert/strict";
import type { Parameters } from "../../src/autoencoder/contract.ts";
import type { AutoencoderSpec } from "../../src/autoencoder/layout.ts";
import { beginAgain } from "../../src/autoencoder/restart.ts";
import { AutoencoderTrainer } from "../../src/autoencoder/trainer.ts";
import {
  assertNear,
  lines,
  problem,
  stepped,
  steppedPlainly,
} from "./steps.ts";

const trained = (
  spec: AutoencoderSpec,
  { start, batches }: ReturnType<typeof problem>,
  threads: number,
) => stepped(new AutoencoderTrainer(spec, start, { threads }), batches);

for (const selection of ["row", "batch"] as const) {
  for (const nested of [false, true]) {
    Deno.test(`The trainer takes Adam's steps as defined: ${selection}, ${nested ? "three levels" : "one level"}`, async () => {
      const width = 10, latents = 30, batch = 70;
      const given = problem(latents, width, batch);
      const levels = Uint32Array.from(
        { length: latents },
        (_, j) => nested ? (j < 4 ? 0 : j < 12 ? 1 : 2) : 0,
      );
      const spec: AutoencoderSpec = {
        ...{ width, latents, sparsity: 4, batch, selection, levels },
        learnsDecoder: true,
      };
      const found = await trained(spec, given, 2);
      const expected = steppedPlainly(spec, given);
      assertNear(found.encoder, expected.encoder);
      assertNear(found.decoder, expected.decoder);
      assertNear(found.bias, expected.bias);
    });
  }
}

Deno.test("The trainer leaves the same bytes on any number of threads", async () => {
  const width = 50, latents = 200, batch = 500;
  const given = problem(latents, width, batch);
  const spec: AutoencoderSpec = {
    ...{ width, latents, batch, sparsity: 6, selection: "batch" },
    levels: Uint32Array.from({ length: latents }, (_, j) => j < 20 ? 0 : 1),
    learnsDecoder: true,
  };
  const [one, ...more] = await Promise.all(
    [1, 2, 5].map((threads) => trained(spec, given, threads)),
  );
  for (const other of more) assert.deepEqual(other, one);
});

Deno.test("The trainer leaves the decoder alone where only the encoder learns", async () => {
  const width = 12, latents = 24, batch = 100;
  const given = problem(latents, width, batch);
  const found = await trained(
    {
      ...{ width, latents, batch, sparsity: 3, selection: "row" },
      levels: new Uint32Array(latents),
      learnsDecoder: false,
    },
    given,
    1,
  );
  assert.deepEqual(found.decoder, given.start.decoder);
  assert.notDeepEqual(found.encoder, given.start.encoder);
});

for (const learnsDecoder of [true, false]) {
  Deno.test(
    `The trainer restarts latents at the rows that are rebuilt worst: ${
      learnsDecoder ? "decoder and encoder" : "the encoder alone"
    }`,
    async () => {
      const width = 12, latents = 24, batch = 100;
      const { start, batches: [rows] } = problem(latents, width, batch);
      start.bias[3] = start.bias[5] = -1e3;
      const trainer = new AutoencoderTrainer(
        {
          ...{ width, latents, batch, sparsity: 3, selection: "row" },
          ...{ levels: new Uint32Array(latents), learnsDecoder },
        },
        start,
        { threads: 1 },
      );
      try {
        const before = await trainer.look(rows);
        assert.equal(before.uses[3] + before.uses[5], 0);
        assert.deepEqual(await trainer.restart([3, 5]), [3, 5]);
        const { encoder, decoder, bias } = await trainer.parameters();
        const lefts = restsOf(start, rows, width);
        for (const [place, j] of [3, 5].entries()) {
          const atom = decoder.subarray(j * width, (j + 1) * width);
          const [row, worth] = learnsDecoder
            ? byLength(lefts)[place]
            : byLength(
              lefts.map((left) => [Math.max(0, dot(left, atom))]),
            )[place];
          const y = rows.subarray(row * width, (row + 1) * width);
          const own = encoder.subarray(j * width, (j + 1) * width);
          if (learnsDecoder) {
            assertNear(atom, lefts[row].map((value) => value / worth));
            assert.ok(Math.abs(dot(own, y) + bias[j] - worth) < 1e-3);
          } else {
            assert.deepEqual(
              atom,
              start.decoder.slice(j * width, (j + 1) * width),
            );
            // Of several latents each has a row of its own.
            const most = Math.max(...lefts.map((left) => dot(left, atom)));
            if (place === 0) {
              assert.ok(
                Math.abs(Math.max(...preOf(own, bias[j], rows)) / most - 1) <
                  1e-3,
              );
            }
          }
        }
        const after = await trainer.look(rows);
        assert.ok(after.uses[3] > 0 && after.uses[5] > 0);
      } finally {
        await trainer.close();
      }
    },
  );
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** Pre-activations of a latent. */
const preOf = (encoder: Float32Array, bias: number, rows: Float32Array) =>
  lines(rows, encoder.length).map((y) => dot(encoder, y) + bias);

/** Vectors by their lengths, the longest first. */
const byLength = (vectors: number[][]) =>
  vectors.map((vector, i) => [i, Math.hypot(...vector)] as const)
    .sort((a, b) => b[1] - a[1]);

/** What the three largest pre-activations of each row leave of it. */
function restsOf(
  { encoder, decoder, bias }: Parameters,
  rows: Float32Array,
  width: number,
) {
  return lines(rows, width).map((y) => {
    const pre = lines(encoder, width).map((e, j) => dot(e, y) + bias[j]);
    const active = [...pre.keys()].sort((a, b) => pre[b] - pre[a]).slice(0, 3)
      .filter((j) => pre[j] > 0);
    return y.map((value, d) =>
      value -
      active.reduce((sum, j) => sum + pre[j] * decoder[j * width + d], 0)
    );
  });
}

Deno.test("latents that begin again do so at rows that are not much alike, however often a bad one comes", () => {
  const rests = [[0, 9, 0], [0, 9, 0.1], [0, -8, 0], [0, 0, 5], [3, 0, 0]]
    .map((values) => Float32Array.from(values));
  const seen = {
    ...{ count: rests.length, levelCount: 1, learnsDecoder: true },
    levels: new Uint32Array(4),
    row: (row: number) => rests[row],
    rest: (row: number) => rests[row],
    atom: () => new Float32Array(3),
    along: () => 0,
  };
  const begun = beginAgain(seen, [0, 1, 2, 3]);
  assert.deepEqual(begun.map(({ latent }) => latent), [0, 1, 2]);
  const near = (values: Float32Array) => [...values].map(Math.round);
  assert.deepEqual(begun.map(({ decoder }) => near(decoder!)), [
    [0, 1, 0],
    [0, 0, 1],
    [1, 0, 0],
  ]);
});
