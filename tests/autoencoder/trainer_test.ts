import assert from "node:assert/strict";
import type { AutoencoderSpec } from "../../src/autoencoder/layout.ts";
import {
  AutoencoderTrainer,
  type Parameters,
} from "../../src/autoencoder/trainer.ts";
import { randomStream } from "../../src/random.ts";
import { type Plain, trainPlainly } from "./plain.ts";

const RATE = 1e-2;

/** Random rows and a random start; the width is no multiple of four. */
function problem(latents: number, width: number, batch: number) {
  const random = randomStream(3, "trainer");
  const normals = (count: number) =>
    Float32Array.from({ length: count }, () => random.normal());
  const decoder = normals(latents * width);
  for (let j = 0; j < latents; j++) {
    const d = decoder.subarray(j * width, (j + 1) * width);
    const length = Math.hypot(...d);
    d.forEach((value, i) => d[i] = value / length);
  }
  const start: Parameters = {
    encoder: normals(latents * width).map((v) => v / Math.sqrt(width)),
    decoder,
    bias: normals(latents).map((v) => v / 10),
  };
  const batches = Array.from({ length: 4 }, () => normals(batch * width));
  return { start, batches };
}

async function trained(
  spec: AutoencoderSpec,
  { start, batches }: ReturnType<typeof problem>,
  threads: number,
): Promise<Parameters> {
  const trainer = new AutoencoderTrainer(spec, start, { threads });
  try {
    for (const rows of batches) await trainer.step(rows, RATE);
    return trainer.parameters;
  } finally {
    trainer.close();
  }
}

const lines = (values: Float32Array, width: number) =>
  Array.from(
    { length: values.length / width },
    (_, j) => [...values.subarray(j * width, (j + 1) * width)],
  );

function assertNear(actual: Float32Array, expected: readonly number[]) {
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 2e-5, `${i}: ${value}`)
  );
}

for (const selection of ["row", "batch"] as const) {
  for (const nested of [false, true]) {
    Deno.test(`The trainer takes Adam's steps as defined: ${selection}, ${nested ? "three levels" : "one level"}`, async () => {
      const width = 10, latents = 30, batch = 70;
      const given = problem(latents, width, batch);
      const levels = Uint32Array.from(
        { length: latents },
        (_, j) => nested ? (j < 4 ? 0 : j < 12 ? 1 : 2) : 0,
      );
      const spec = { width, latents, sparsity: 4, batch, selection, levels };
      const found = await trained(
        { ...spec, learnsDecoder: true },
        given,
        2,
      );
      const start: Plain = {
        encoder: lines(given.start.encoder, width),
        decoder: lines(given.start.decoder, width),
        bias: [...given.start.bias],
      };
      const expected = trainPlainly(
        start,
        given.batches.map((rows) => lines(rows, width)),
        { sparsity: 4, selection, levels: [...levels], rate: RATE },
      );
      assertNear(found.encoder, expected.encoder.flat());
      assertNear(found.decoder, expected.decoder.flat());
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
