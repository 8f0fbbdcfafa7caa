import assert from "node:assert/strict";
import { invertPositive } from "../../src/autoencoder/invert.ts";
import { startFromAtoms } from "../../src/autoencoder/start.ts";
import {
  trainAutoencoder,
  type TrainedAutoencoder,
  type TrainingOptions,
} from "../../src/autoencoder/train.ts";
import type { Parameters } from "../../src/autoencoder/contract.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { permutation, randomStream } from "../../src/random.ts";

const WIDTH = 16, LATENTS = 32, K = 3, ROWS = 3000;

/** Rows that are made of k of the atoms each, all codes positive. */
function planted() {
  const random = randomStream(5, "planted");
  const atoms = unit(
    Float32Array.from({ length: LATENTS * WIDTH }, () => random.normal()),
  );
  const rows = new Float32Array(ROWS * WIDTH);
  const indices = new Uint32Array(ROWS * K),
    values = new Float32Array(ROWS * K);
  for (let row = 0; row < ROWS; row++) {
    permutation(LATENTS, random).subarray(0, K).forEach((atom, slot) => {
      const value = 1 + random.uniform();
      indices[row * K + slot] = atom;
      values[row * K + slot] = value;
      for (let d = 0; d < WIDTH; d++) {
        rows[row * WIDTH + d] += value * atoms[atom * WIDTH + d];
      }
    });
  }
  return { atoms, rows, codes: { rows: ROWS, sparsity: K, indices, values } };
}

function unit(matrix: Float32Array): Float32Array {
  for (let at = 0; at < matrix.length; at += WIDTH) {
    const row = matrix.subarray(at, at + WIDTH), length = Math.hypot(...row);
    row.forEach((value, d) => row[d] = value / length);
  }
  return matrix;
}

/** Mean ‖y − ŷ‖²/‖y‖² by the k largest pre-activations. */
function errorOf({ encoder, decoder, bias }: Parameters, rows: Float32Array) {
  let error = 0, energy = 0;
  for (let at = 0; at < rows.length; at += WIDTH) {
    const rest = Float64Array.from(rows.subarray(at, at + WIDTH));
    const pre = Array.from(bias, (b, j) => {
      let sum = b;
      for (let d = 0; d < WIDTH; d++) sum += encoder[j * WIDTH + d] * rest[d];
      return sum;
    });
    for (const value of rest) energy += value * value;
    [...pre.keys()].sort((a, b) => pre[b] - pre[a]).slice(0, K).forEach((j) => {
      const value = Math.max(0, pre[j]);
      rest.forEach((_, d) => rest[d] -= value * decoder[j * WIDTH + d]);
    });
    for (const value of rest) error += value * value;
  }
  return error / energy;
}

const OPTIONS: TrainingOptions = {
  ...{ width: WIDTH, sparsity: K, steps: 60, seed: 1, threads: 1 },
  selection: "row",
};

Deno.test("trainAutoencoder() from atoms ends with a lower error than from random rows after as many steps", async () => {
  const { atoms, rows, codes } = planted();
  const start = await startFromAtoms(atoms, { width: WIDTH, rows, codes });
  const decoder = unit(rows.slice(0, LATENTS * WIDTH));
  const random = {
    ...{ decoder, encoder: decoder.slice(), bias: new Float32Array(LATENTS) },
  };
  const ours = await trainAutoencoder(rows, start, OPTIONS);
  const theirs = await trainAutoencoder(rows, random, OPTIONS);
  assert.ok(errorOf(ours, rows) < errorOf(start, rows));
  assert.ok(errorOf(ours, rows) < 0.8 * errorOf(theirs, rows));
  assert.deepEqual(await trainAutoencoder(rows, start, OPTIONS), ours);
});

for (const selection of ["row", "batch"] as const) {
  Deno.test(`trainAutoencoder() leaves no latent that no row makes active: ${selection}`, async () => {
    const { atoms, rows, codes } = planted();
    const start = await startFromAtoms(atoms, { width: WIDTH, rows, codes });
    start.bias.fill(-9, 0, 5);
    // Too few steps for latents to be found idle on the way, and enough of them.
    for (const steps of [2, 40]) {
      const options = { ...OPTIONS, selection, steps };
      const trained = await trainAutoencoder(rows, start, options);
      assert.equal(trained.dead, 0);
      assert.ok(trained.helped >= 5);
      assert.ok(usesOf(trained, rows, selection).every((uses) => uses > 0));
    }
  });
}

/** Rows that make each latent active as the autoencoder is run: the k largest, or all above the thresholds. */
function usesOf(
  { encoder, bias, thresholds }: TrainedAutoencoder,
  rows: Float32Array,
  selection: "row" | "batch",
): number[] {
  const uses = Array.from(bias, () => 0);
  for (let at = 0; at < rows.length; at += WIDTH) {
    const pre = Array.from(bias, (b, j) => {
      let sum = b;
      for (let d = 0; d < WIDTH; d++) {
        sum += encoder[j * WIDTH + d] * rows[at + d];
      }
      return sum;
    });
    const least = [...pre].sort((p, q) => q - p)[K];
    pre.forEach((value, j) => {
      if (value > (selection === "row" ? least : thresholds[j])) uses[j]++;
    });
  }
  return uses;
}

Deno.test("trainAutoencoder() gives latents thresholds of their own: as many active, a lower error", async () => {
  const { atoms, rows, codes } = planted();
  const start = await startFromAtoms(atoms, { width: WIDTH, rows, codes });
  const counted = 1000, at = (ROWS - counted) * WIDTH;
  const [learned, fresh] = [rows.subarray(0, at), rows.subarray(at)];
  const options: TrainingOptions = {
    ...{ ...OPTIONS, selection: "batch", thresholdRows: fresh },
  };
  const one = await trainAutoencoder(learned, start, options);
  const own = await trainAutoencoder(learned, start, {
    ...{ ...options, thresholdEach: true },
  });
  assert.deepEqual(own.encoder, one.encoder);
  assert.ok(one.thresholds.every((value) => value === one.thresholds[0]));
  assert.ok(own.thresholds.some((value) => value !== own.thresholds[0]));
  for (const trained of [one, own]) {
    const active = usesOf(trained, fresh, "batch").reduce((a, b) => a + b);
    assert.ok(Math.abs(active / counted - K) < 0.02, `${active / counted}`);
  }
  assert.ok(errorAbove(own, fresh) < errorAbove(one, fresh));
  assert.equal(own.dead, 0);
});

/** Mean ‖y − ŷ‖² by the latents above their thresholds. */
function errorAbove(
  { encoder, decoder, bias, thresholds }: TrainedAutoencoder,
  rows: Float32Array,
): number {
  let error = 0;
  for (let at = 0; at < rows.length; at += WIDTH) {
    const y = rows.subarray(at, at + WIDTH), rest = Float64Array.from(y);
    bias.forEach((b, j) => {
      let value = b;
      for (let d = 0; d < WIDTH; d++) value += encoder[j * WIDTH + d] * y[d];
      if (!(value > thresholds[j])) return;
      rest.forEach((_, d) => rest[d] -= value * decoder[j * WIDTH + d]);
    });
    for (const value of rest) error += value * value;
  }
  return error / (rows.length / WIDTH);
}

Deno.test("trainAutoencoder() sets the threshold by the rows that are given for it", async () => {
  const { atoms, rows, codes } = planted();
  const start = await startFromAtoms(atoms, { width: WIDTH, rows, codes });
  const options: TrainingOptions = { ...OPTIONS, selection: "batch" };
  const thresholdRows = rows.slice(0, 500 * WIDTH);
  const trained = await trainAutoencoder(rows, start, {
    ...{ ...options, thresholdRows },
  });
  const active = usesOf(trained, thresholdRows, "batch")
    .reduce((a, b) => a + b);
  assert.ok(Math.abs(active / 500 - K) < 0.02, `${active / 500}`);
  const quarter = await trainAutoencoder(rows, start, {
    ...options,
    thresholdRows: thresholdRows.map((value) => value / 4),
  });
  assert.ok(quarter.thresholds[0] < trained.thresholds[0]);
});

Deno.test("trainAutoencoder() ends when its signal fires", async () => {
  const { atoms, rows, codes } = planted();
  const start = await startFromAtoms(atoms, { width: WIDTH, rows, codes });
  const controller = new AbortController();
  await assert.rejects(
    trainAutoencoder(rows, start, {
      ...{ ...OPTIONS, signal: controller.signal },
      onStep: (done) => {
        if (done === 3) controller.abort(new Error("enough"));
      },
    }),
    /enough/,
  );
});

Deno.test("startFromAtoms() turns atoms whose codes are mostly negative, and predicts codes", async () => {
  const { atoms, rows, codes } = planted();
  const turned = atoms.map((v, i) => Math.floor(i / WIDTH) % 2 === 0 ? v : -v);
  const values = codes.values.map((v, e) =>
    codes.indices[e] % 2 === 0 ? v : -v
  );
  const start = await startFromAtoms(turned, {
    ...{ width: WIDTH, rows, codes: { ...codes, values } },
  });
  assert.deepEqual(start.decoder, atoms);
  assert.deepEqual(
    [...start.signs],
    Array.from({ length: LATENTS }, (_, j) => j % 2 === 0 ? 1 : -1),
  );
  // Over the rows that use a latent, its pre-activations come to as much as its codes.
  const coded = new Float64Array(LATENTS), encoded = new Float64Array(LATENTS);
  codes.indices.forEach((atom, e) => {
    const at = Math.floor(e / K) * WIDTH;
    coded[atom] += codes.values[e];
    encoded[atom] += start.bias[atom];
    for (let d = 0; d < WIDTH; d++) {
      encoded[atom] += start.encoder[atom * WIDTH + d] * rows[at + d];
    }
  });
  coded.forEach((sum, j) =>
    assert.ok(Math.abs(encoded[j] / sum - 1) < 1e-3, `${encoded[j] / sum}`)
  );
});

Deno.test("startFromAtoms() recovers an encoder that made the codes", async () => {
  const { atoms, rows } = planted();
  // Every row's code of latent 0 is w·y + 9, always positive.
  const values = new Float32Array(ROWS).map((_, row) => {
    let sum = 9;
    for (let d = 0; d < WIDTH; d++) sum += rows[row * WIDTH + d] * d / WIDTH;
    return sum;
  });
  assert.ok(values.every((value) => value > 0));
  const indices = new Uint32Array(2 * ROWS).fill(EMPTY_SLOT);
  const spread = new Float32Array(2 * ROWS);
  values.forEach((value, row) => {
    indices[2 * row] = 0;
    spread[2 * row] = value;
  });
  const { encoder, bias } = await startFromAtoms(atoms, {
    ...{ width: WIDTH, rows },
    codes: { rows: ROWS, sparsity: 2, indices, values: spread },
  });
  for (let d = 0; d < WIDTH; d++) {
    assert.ok(Math.abs(encoder[d] - d / WIDTH) < 0.03, `${d}: ${encoder[d]}`);
  }
  assert.ok(Math.abs(bias[0] - 9) < 0.1);
  assert.ok(encoder.subarray(WIDTH).every((value) => value === 0));
});

Deno.test("invertPositive() inverts", async () => {
  const size = 7, random = randomStream(2, "invert");
  const b = Array.from({ length: size * size }, () => random.normal());
  const matrix = Float64Array.from({ length: size * size }, (_, e) => {
    const i = Math.floor(e / size), j = e % size;
    let sum = i === j ? 0.1 : 0;
    for (let p = 0; p < size; p++) sum += b[i * size + p] * b[j * size + p];
    return sum;
  });
  const inverse = await invertPositive(matrix, size);
  for (let e = 0; e < size * size; e++) {
    const i = Math.floor(e / size), j = e % size;
    let sum = 0;
    for (let p = 0; p < size; p++) {
      sum += matrix[i * size + p] * inverse[p * size + j];
    }
    assert.ok(Math.abs(sum - (i === j ? 1 : 0)) < 1e-9);
  }
});
