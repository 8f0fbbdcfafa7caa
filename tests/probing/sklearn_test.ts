import assert from "node:assert/strict";
import { fitDense } from "../../src/probing/dense_probe.ts";
import type { Contestant } from "../../src/probing/contestants.ts";
import {
  columnsOf,
  LatentFeatures,
  tellingFeatures,
} from "../../src/probing/features.ts";
import { LatentCounts } from "../../src/probing/latents.ts";
import { decisions, fitLogistic } from "../../src/probing/logistic.ts";
import { areaUnderCurve, scoreOf } from "../../src/probing/scores.ts";
import { fitL1 } from "../../src/probing/sparse_logistic.ts";
import { probeSparsely } from "../../src/probing/sparse_probing.ts";
import fixture from "./sklearn.json" with { type: "json" };

const { train, test } = fixture;
const LATENTS = train.rows[0].length;

// Units 0 … are the training's, the test's come after them.
const ROWS = [...train.rows, ...test.rows];
const FEATURES = new LatentFeatures(LATENTS, {
  forEach(slot, visit) {
    ROWS[slot].forEach((value, f) => {
      if (value !== 0) visit(f, value);
    });
  },
});
const TASK = {
  label: "concept",
  class: "yes",
  place: 0,
  train: {
    units: Uint32Array.from(train.rows, (_, i) => i),
    positive: Uint8Array.from(train.positive),
  },
  test: {
    units: Uint32Array.from(test.rows, (_, i) => train.rows.length + i),
    positive: Uint8Array.from(test.positive),
  },
};
const ALL = Uint32Array.from({ length: LATENTS }, (_, f) => f);

function assertNear(
  mine: ArrayLike<number>,
  theirs: readonly number[],
  within: number,
) {
  theirs.forEach((value, i) =>
    assert(Math.abs(mine[i] - value) < within, `${i}: ${mine[i]}, ${value}`)
  );
}

Deno.test("sparse probes are those of scikit-learn by SAEBench's definition", () => {
  const firing = {} as Contestant["firing"];
  const contestant: Contestant = {
    ...{ name: "model", kind: "model", coder: "" },
    features: FEATURES,
    firing,
  };
  const ks = fixture.scores.map(({ k }) => k);
  probeSparsely(TASK, contestant, ks).forEach(({ score, right }, i) => {
    const theirs = fixture.scores[i];
    assert.deepEqual(score.latents.map(({ atom }) => atom), theirs.latents);
    assertNear(score.latents.map(({ weight }) => weight), theirs.weights, 1e-4);
    assert.equal(score.accuracy, theirs.accuracy);
    assert.equal(right.filter((hit) => hit === 1).length / 80, score.accuracy);
    assert(Math.abs(score.auc - theirs.auc) < 1e-9);
    assert(Math.abs(score.l1Auc! - theirs.l1.auc) < 1e-9);
  });
});

Deno.test("penalised probes are those of scikit-learn", () => {
  for (const { l1, latents, weights, bias } of fixture.scores) {
    const order = tellingFeatures(
      FEATURES,
      TASK.train,
      l1.latents.length,
      true,
    );
    assert.deepEqual([...order], l1.latents);
    const sparse = fitL1(columnsOf(FEATURES, TASK.train, order), l1.c);
    assertNear(sparse.weights, l1.weights, 1e-4);
    assert(Math.abs(sparse.bias - l1.bias) < 1e-4);
    const plain = fitLogistic(
      columnsOf(FEATURES, TASK.train, Uint32Array.from(latents)),
    );
    assertNear(plain.weights, weights, 1e-4);
    assert(Math.abs(plain.bias - bias) < 1e-4);
  }
  const rows = columnsOf(FEATURES, TASK.train, ALL);
  const dense = fitDense(rows, { c: 0.1 });
  assertNear(dense.weights, fixture.dense.weights, 1e-3);
  const decided = decisions(
    dense,
    columnsOf(FEATURES, TASK.test, ALL).data,
    LATENTS,
  );
  const score = scoreOf(decided, TASK.test.positive);
  assert.equal(score.accuracy, fixture.dense.accuracy);
  assert(Math.abs(score.auc - fixture.dense.auc) < 1e-3);
  const weighted = fitDense(rows, { c: 0.1, positiveWeight: 3 });
  assertNear(weighted.weights, fixture.weighted.weights, 1e-3);
  assert(Math.abs(weighted.bias - fixture.weighted.bias) < 1e-3);
});

Deno.test("precision, recall, F1 and area of single latents are scikit-learn's", () => {
  const counts = new LatentCounts(2 * LATENTS, 1);
  test.rows.forEach((row, i) => {
    const latents = [...row.keys()].filter((f) => row[f] > 0);
    counts.add(latents, test.positive[i] === 1 ? [0] : []);
  });
  fixture.firing.forEach((theirs, f) => {
    const mine = counts.fit(0, f);
    assertNear(
      [mine.precision, mine.recall, mine.f1],
      [theirs.precision, theirs.recall, theirs.f1],
      1e-12,
    );
    const values = test.rows.map((row) => row[f]);
    const area = areaUnderCurve(values, TASK.test.positive);
    assert(Math.abs(area - theirs.auc) < 1e-12);
  });
  const best = counts.best(0)!;
  assert.equal(
    counts.fit(0, best).f1,
    Math.max(...fixture.firing.map(({ f1 }) => f1)),
  );
});
