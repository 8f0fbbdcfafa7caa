import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { averaged } from "../../src/pipeline/average.ts";
import type { DropScores } from "../../src/pipeline/evaluate.ts";
import { judge, leastRise } from "../../src/pipeline/promotion.ts";
import { randomStream } from "../../src/random.ts";
import { refreshAtoms } from "../../src/pipeline/refresh.ts";
import { openStore } from "../../src/pipeline/store.ts";
import { driftOf } from "../../src/pipeline/versions.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";

const RULE = {
  maxFvuIncrease: 0.005,
  maxForgetting: 0.05,
  maxDeadIncrease: 0.05,
};

function scores(
  fvu: number,
  more: {
    mean?: number;
    earlier?: number;
    /** Of each earlier row. */
    errors?: Float64Array;
    dead?: number;
    rows?: number;
  } = {},
): DropScores {
  const { mean = fvu, earlier = fvu, dead = 0, rows = 100 } = more;
  const { errors = new Float64Array(300).fill(earlier) } = more;
  return {
    all: { fvu, dead_atoms: dead, rows },
    meanFvu: mean,
    earlierFvu: earlier,
    earlierErrors: errors,
    drops: {},
  };
}

Deno.test("judge() promotes what is not worse by over the limits, and says what else is", () => {
  const current = scores(0.2);
  const cases: [DropScores, boolean, boolean, RegExp][] = [
    [scores(0.19), true, false, /0\.1900, it was 0\.2000/],
    [scores(0.2009), true, false, /0\.2009/],
    [scores(0.2012), false, false, /held-out FVU rose by 0\.60%/],
    [scores(0.19, { mean: 0.21 }), false, false, /mean FVU over drops/],
    [scores(0.15, { earlier: 0.22 }), false, true, /FVU on earlier drops/],
    [scores(0.19, { earlier: NaN }), true, false, /0\.1900/],
    [scores(0.19, { dead: 5 }), true, false, /0\.1900/],
    [scores(0.19, { dead: 6 }), false, false, /dead atoms rose from 0 to 6/],
    [scores(NaN), false, true, /not a number/],
    [scores(NaN, { rows: 1 }), true, false, /no held-out rows/],
  ];
  for (const [candidate, promote, quarantine, reason] of cases) {
    const verdict = judge(candidate, current, 100, RULE);
    assert.equal(verdict.promote, promote, verdict.reason);
    assert.equal(verdict.quarantine, quarantine, verdict.reason);
    assert.match(verdict.reason, reason);
  }
  assert.match(
    judge(scores(0.9), undefined, 100, RULE).reason,
    /first version/,
  );
});

Deno.test("judge() blames new rows only for what is beyond chance, on 200 rows or more", () => {
  const random = randomStream(5);
  const errors = (rows: number, rise: number, spread: number) =>
    Float64Array.from(
      { length: rows },
      () => (1 + rise) * (1 + spread * random.normal()),
    );
  const verdict = (rows: number, rise: number, spread: number) =>
    judge(
      scores(0.2, { earlier: 1 + rise, errors: errors(rows, rise, spread) }),
      scores(0.2, { earlier: 1, errors: new Float64Array(rows).fill(1) }),
      100,
      RULE,
    );
  const few = verdict(199, 0.5, 0.1);
  assert(!few.promote && !few.quarantine);
  assert.match(few.reason, /199 held-out rows are too few/);
  const noisy = verdict(200, 0.08, 0.9);
  assert(!noisy.promote && !noisy.quarantine, noisy.reason);
  const clear = verdict(200, 0.5, 0.5);
  assert(!clear.promote && clear.quarantine);
  assert.match(
    clear.reason,
    /over the 5\.00% allowed; at least 4\d\.\d\d% with 95% confidence, by 200/,
  );
});

Deno.test("leastRise() covers the true rise in 95 of 100 samples", () => {
  const random = randomStream(6);
  let covered = 0;
  for (let sample = 0; sample < 400; sample++) {
    const was = Float64Array.from(
      { length: 200 },
      () => Math.exp(random.normal()),
    );
    const is = was.map((value) => value * 1.1 + 0.3 * random.normal());
    if (leastRise(is, was) <= 0.1) covered++;
  }
  assert(covered > 360 && covered < 396, `${covered} of 400`);
});

function modelOf(rows: number[][]): DictionaryModel {
  const width = rows[0].length;
  return {
    width,
    atoms: rows.length,
    dictionary: Float32Array.from(rows.flat()),
    mean: new Float32Array(width),
    scale: 1,
    usage: new Uint32Array(rows.length),
    groups: [rows.length],
    coder: {
      method: "omp",
      sparsity: 1,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    seed: 0,
    toolVersion: "0",
  };
}

Deno.test("averaged() takes atoms half the way and leaves those begun anew; driftOf() tells how far they went", () => {
  const parent = modelOf([[1, 0], [1, 0], [0, 1]]);
  const trained = modelOf([[0, 1], [0, 1], [0, -1]]);
  const model = averaged(trained, parent, [1]);
  const half = Math.fround(Math.SQRT1_2);
  // The third atom turned its sign: there is nothing between the two.
  assert.deepEqual([...model.dictionary], [half, half, 0, 1, 0, -1]);
  const drift = driftOf(model, parent, [1]);
  assert(Math.abs(drift.atoms[0] - (1 - Math.SQRT1_2)) < 1e-6);
  assert.deepEqual(drift.atoms.slice(1), [1, 0]);
  assert.equal(drift.max, 1);
  assert.equal(drift.replaced, 1);
  assert.deepEqual(drift.replacedAtoms, [1]);
});

Deno.test("refreshAtoms() begins unused atoms and the less used of two alike anew, by the worst rows", async () => {
  const near = [Math.cos(0.1), Math.sin(0.1), 0, 0];
  const model = modelOf([[1, 0, 0, 0], near, [0, 0, 1, 0]]);
  const rows = [[3, 0, 0, 0], [2, 0, 0, 0], [2.9, 0.3, 0, 0], [0, 0, 0, 5], [
    0,
    4,
    0,
    0,
  ]];
  const source = rowsFromArray(Float32Array.from(rows.flat()), 4);
  const { dictionary, replaced } = await refreshAtoms(model, source, {
    minUses: 1,
    createEngine: createReferenceEngine,
  });
  assert.deepEqual(replaced, [1, 2]);
  const atom = (j: number) =>
    [...dictionary.subarray(4 * j, 4 * j + 4)].map((v) =>
      Math.round(v * 10) / 10
    );
  assert.deepEqual(atom(0), [1, 0, 0, 0]);
  assert.deepEqual(atom(1), [0, 0, 0, 1]);
  assert(atom(2)[1] > 0.9);
});

Deno.test("openStore() refuses a newer database and a damaged one, and keeps transactions whole", async () => {
  const folder = await Deno.makeTempDir({ prefix: "dbksvd-store-" });
  const path = `${folder}/pipeline.sqlite`;
  const store = openStore(path);
  assert.throws(() =>
    store.transaction(() => {
      store.run("INSERT INTO facts (name, value) VALUES ('a', 'b')");
      throw new Error("half-way");
    }), /half-way/);
  assert.deepEqual(store.all("SELECT * FROM facts"), []);
  store.close();
  openStore(path).close();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  assert.throws(() => openStore(path), /version 99.*update dbksvd/);
  await Deno.writeTextFile(
    path,
    "this is no database, long as it may be".repeat(50),
  );
  assert.throws(() => openStore(path), /Cannot open the database.*restore/);
  await Deno.remove(folder, { recursive: true });
});
