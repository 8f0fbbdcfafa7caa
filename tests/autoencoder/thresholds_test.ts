import assert from "node:assert/strict";
import { thresholdsOfLatents } from "../../src/autoencoder/thresholds.ts";
import { processorSight } from "../../src/autoencoder/worth.ts";
import { randomStream } from "../../src/random.ts";

const WIDTH = 4, ROWS = 2000;
const SIZE = { latents: 3, width: WIDTH };

/**
 * Rows of which three coordinates vary. Latents 0 and 1 rebuild the first two; latent 2 reads the third coordinate and
 * rebuilds the fourth, which is always zero: it only does harm.
 */
function problem() {
  const random = randomStream(7, "thresholds");
  const rows = new Float32Array(ROWS * WIDTH).map((_, i) =>
    i % WIDTH < 3 ? Math.abs(random.normal()) : 0
  );
  const at = (...columns: number[]) =>
    Float32Array.from(columns.flatMap((column) => {
      const row = [0, 0, 0, 0];
      row[column] = 1;
      return row;
    }));
  const parameters = {
    ...{ encoder: at(0, 1, 2), decoder: at(0, 1, 3) },
    bias: new Float32Array(3),
  };
  return { rows, parameters };
}

Deno.test("thresholdsOfLatents() raises those of latents that are worth less, and keeps their number", async () => {
  const { rows, parameters } = problem();
  const half = rows.length / 2;
  const countedRows = rows.subarray(half);
  const thresholds = await thresholdsOfLatents(
    processorSight(parameters),
    SIZE,
    rows.subarray(0, half),
    { threshold: 0.8, sparsity: 1, countedRows },
  );
  assert.ok(thresholds[2] > 1.3 * thresholds[0], `${thresholds}`);
  assert.ok(Math.abs(thresholds[0] / thresholds[1] - 1) < 0.2);
  let active = 0;
  countedRows.forEach((value, i) => {
    if (i % WIDTH < 3 && value > thresholds[i % WIDTH]) active++;
  });
  assert.ok(Math.abs(active - ROWS / 2) <= 1, `${active}`);
});

Deno.test("thresholdsOfLatents() silences no latent that the one threshold let be active", async () => {
  const { rows, parameters } = problem();
  // Latent 2 is above the threshold by little, in one row.
  for (let i = 2; i < rows.length; i += WIDTH) rows[i] = i === 2 ? 0.801 : 0.7;
  const thresholds = await thresholdsOfLatents(
    processorSight(parameters),
    SIZE,
    rows,
    {
      ...{ threshold: 0.8, sparsity: 1, countedRows: rows },
    },
  );
  assert.ok(thresholds[2] < rows[2] && thresholds[2] > 0.79, `${thresholds}`);
});

Deno.test("thresholdsOfLatents() ends when its signal fires", async () => {
  const { rows, parameters } = problem();
  await assert.rejects(
    thresholdsOfLatents(processorSight(parameters), SIZE, rows, {
      ...{ threshold: 0.8, sparsity: 1, countedRows: rows },
      signal: AbortSignal.abort(new Error("enough")),
    }),
    /enough/,
  );
});
