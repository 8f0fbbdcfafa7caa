import assert from "node:assert/strict";
import fc from "fast-check";
import { fadeRows, normLimit, pullInRows } from "../../src/learn/norms.ts";
import { chooseHeldOut, chooseTrainingSample } from "../../src/learn/split.ts";
import {
  gatherStatistics,
  normalisationOf,
} from "../../src/learn/statistics.ts";
import {
  initialiseFromRows,
  initialiseGaussian,
} from "../../src/learn/initialise.ts";
import { DbksvdError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { PLANTED, WIDTH } from "./setting.ts";

const ROWS = PLANTED.data.length / WIDTH;

Deno.test("chooseHeldOut() holds out a seeded share, at most 16 384 rows of a share", () => {
  const members = (seed: number) => {
    const set = chooseHeldOut(1000, 0.1, seed)!;
    return Array.from({ length: 1000 }, (_, row) => set.has(row));
  };
  assert.equal(members(1).filter(Boolean).length, 100);
  assert.deepEqual(members(1), members(1));
  assert.notDeepEqual(members(1), members(2));
  assert.equal(chooseHeldOut(1_000_000, 0.1, 0)!.size, 16_384);
  assert.equal(chooseHeldOut(1_000_000, 50_000, 0)!.size, 50_000);
  assert.equal(chooseHeldOut(1000, 0, 0), undefined);
  assert.throws(() => chooseHeldOut(10, 10, 0), DbksvdError);
});

Deno.test("chooseTrainingSample() takes as many rows, none of them held out", () => {
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 300 }),
    fc.integer({ min: 1, max: 299 }),
    (rows, count) => {
      const heldOut = chooseHeldOut(rows, Math.min(count, rows - 1), 3)!;
      const sample = chooseTrainingSample(rows, heldOut, 3);
      assert.equal(sample.size, Math.min(heldOut.size, rows - heldOut.size));
      for (let row = 0; row < rows; row++) {
        assert(!(sample.has(row) && heldOut.has(row)));
      }
    },
  ));
});

Deno.test("gatherStatistics() gives mean, spread and a draw, however large the offset", async () => {
  const offset = 1e4;
  const shifted = rowsFromArray(PLANTED.data.map((v) => v + offset), WIDTH);
  const mean = new Float64Array(WIDTH);
  const raw = (i: number) => Math.fround(PLANTED.data[i] + offset);
  PLANTED.data.forEach((_, i) => mean[i % WIDTH] += raw(i) / ROWS);
  let spread = 0;
  PLANTED.data.forEach((_, i) => spread += (raw(i) - mean[i % WIDTH]) ** 2);
  spread /= ROWS;
  const found = await gatherStatistics(shifted.batches(64), WIDTH, {
    draw: 50,
    random: randomStream(0, "draw"),
    most: Infinity,
  });
  assert.equal(found.rows, ROWS);
  assert.equal(found.drawn.length, 50);
  found.mean.forEach((v, p) => assert(Math.abs(v - mean[p]) < 1e-9 * offset));
  assert(Math.abs(found.spread - spread) < 1e-9 * spread);
  for (let i = 0; i < ROWS; i++) {
    const away = Math.hypot(
      ...Array.from(mean, (v, p) => raw(i * WIDTH + p) - v),
    );
    assert(away <= found.reach, `row ${i} is ${away} away`);
  }
  const { scale } = normalisationOf(found, { center: true, scale: true });
  assert(Math.abs(scale - Math.sqrt(WIDTH / spread)) < 1e-6 * scale);
});

Deno.test("normalisationOf() keeps the scale of rows without spread", () => {
  const flat = {
    rows: 3,
    mean: Float64Array.of(1, 2),
    spread: 0,
    energy: 5,
    reach: 0,
    drawn: [],
  };
  assert.equal(normalisationOf(flat, { center: true, scale: true }).scale, 1);
  const raw = normalisationOf(flat, { center: false, scale: true });
  assert.deepEqual([...raw.mean], [0, 0]);
  assert(Math.abs(raw.scale - Math.sqrt(2 / 5)) < 1e-6);
});

Deno.test("initialiseFromRows() passes over repeats and rows at the mean", async () => {
  const rows = [[1, 1], [3, 1], [3, 1], [1, 4], [1, -7]]
    .map((row) => Float32Array.from(row));
  const atoms = await initialiseFromRows(
    rows,
    3,
    2,
    { mean: Float32Array.of(1, 1), scale: 5 },
    randomStream(0, "init"),
  );
  assert.deepEqual([...atoms], [1, 0, 0, 1, 0, -1]);
});

Deno.test("initialiseFromRows() fills up with unit directions, and refuses too few rows", async () => {
  const same = Array.from({ length: 4 }, () => Float32Array.of(2, 0, 0));
  const normalisation = { mean: new Float32Array(3), scale: 1 };
  const random = () => randomStream(0, "init");
  const atoms = await initialiseFromRows(same, 4, 3, normalisation, random());
  for (let j = 0; j < 4; j++) {
    const length = Math.hypot(...atoms.subarray(3 * j, 3 * j + 3));
    assert(Math.abs(length - 1) < 1e-6);
  }
  await assert.rejects(
    initialiseFromRows(same, 5, 3, normalisation, random()),
    /fewer training rows \(4\) than atoms \(5\)/,
  );
});

Deno.test("initialiseGaussian() gives unit directions", () => {
  const atoms = initialiseGaussian(9, 5, randomStream(0, "init"));
  for (let j = 0; j < 9; j++) {
    const length = Math.hypot(...atoms.subarray(5 * j, 5 * j + 5));
    assert(Math.abs(length - 1) < 1e-6);
  }
});

Deno.test("pullInRows() moves far rows to the limit along their direction, others not at all", () => {
  const mean = Float32Array.from({ length: WIDTH }, (_, p) => p);
  const drawn = [1, 2, 3, 4, 100].map((far) =>
    mean.map((v, p) => v + (p === 0 ? far : 0))
  );
  assert.equal(normLimit(drawn, mean, 5), 15);
  assert.equal(normLimit(drawn, mean, 0), 0);
  const data = Float32Array.from(drawn.flatMap((row) => [...row]));
  const batch = { data, rows: 5, firstRow: 0 };
  assert.equal(pullInRows(batch, mean, 15), 1);
  const lengths = Array.from({ length: 5 }, (_, i) =>
    Math.hypot(
      ...data.subarray(i * WIDTH, (i + 1) * WIDTH).map((v, p) => v - mean[p]),
    ));
  lengths.forEach((length, i) =>
    assert(Math.abs(length - [1, 2, 3, 4, 15][i]) < 1e-5)
  );
});

Deno.test("fadeRows() moves a row to less of the limit the further away it is, others not at all", () => {
  const mean = Float32Array.of(1, 0);
  const data = Float32Array.of(1, 15, 1, 20, -149, 0, 4, -4);
  assert.equal(fadeRows({ data, rows: 4 }, mean, 15), 2);
  const expected = [1, 15, 1, 11.25, -0.5, 0, 4, -4];
  data.forEach((value, i) => assert(Math.abs(value - expected[i]) < 1e-5));
});
