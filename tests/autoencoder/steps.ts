/** Steps of a trainer beside those of the plain definition. */
import assert from "node:assert/strict";
import type { Parameters, Trainer } from "../../src/autoencoder/contract.ts";
import type { AutoencoderSpec } from "../../src/autoencoder/layout.ts";
import { randomStream } from "../../src/random.ts";
import { type Plain, trainPlainly } from "./plain.ts";

/** The length of a step. */
export const RATE = 1e-2;

/** Random rows and a random start; the width is no multiple of four. */
export function problem(latents: number, width: number, batch: number) {
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

/** What a trainer's steps over the batches lead to. */
export async function stepped(
  trainer: Trainer,
  batches: readonly Float32Array[],
): Promise<Parameters> {
  try {
    for (const rows of batches) await trainer.step(rows, RATE);
    return await trainer.parameters();
  } finally {
    await trainer.close();
  }
}

/** The rows of a matrix. */
export const lines = (values: Float32Array, width: number) =>
  Array.from(
    { length: values.length / width },
    (_, j) => [...values.subarray(j * width, (j + 1) * width)],
  );

/** Every value within 2e-5. */
export function assertNear(actual: Float32Array, expected: readonly number[]) {
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 2e-5, `${i}: ${value}`)
  );
}

/** What the definition makes of the same steps. */
export function steppedPlainly(
  { sparsity, selection, levels, width }: AutoencoderSpec,
  { start, batches }: ReturnType<typeof problem>,
) {
  const plain: Plain = {
    encoder: lines(start.encoder, width),
    decoder: lines(start.decoder, width),
    bias: [...start.bias],
  };
  const found = trainPlainly(
    plain,
    batches.map((rows) => lines(rows, width)),
    { sparsity, selection, levels: [...levels], rate: RATE },
  );
  return {
    encoder: found.encoder.flat(),
    decoder: found.decoder.flat(),
    bias: found.bias,
  };
}
