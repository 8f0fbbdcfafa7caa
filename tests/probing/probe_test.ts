import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { ProbeOptions } from "../../src/probing/options.ts";
import { probe } from "../../src/probing/probe.ts";
import { suggestLabels } from "../../src/probing/suggest.ts";
import { plantClasses, withColumns } from "./planted.ts";

const PLANTED = plantClasses(3000);

function run(
  model: DictionaryModel,
  options: Partial<ProbeOptions> = {},
  topics: readonly unknown[] = PLANTED.topics,
) {
  const source = withColumns(PLANTED.rows, model.width, { topic: topics });
  return probe([{ name: "planted", model }], source, {
    classColumns: ["topic"],
    createEngine: createReferenceEngine,
    ...options,
  });
}

Deno.test("every planted concept is found by its atom alone, and by no baseline", async () => {
  const { models, scores, best, atoms, unlabelled, rows } = await run(
    PLANTED.model,
  );
  assert.equal(rows, 3000);
  assert.equal(unlabelled, PLANTED.topics.filter((t) => t === null).length);
  const [model, random, raw, pca, dense] = models;
  assert.deepEqual(models.map(({ kind }) => kind), [
    ...["model", "random", "raw", "pca", "dense"],
  ]);
  assert(model.accuracy["1"] >= 0.98, `${model.accuracy["1"]}`);
  assert(model.l0! <= 3);
  // Directions of much variance are the planted ones': components find them too, less well.
  for (const [baseline, most] of [[random, 0.85], [raw, 0.85], [pca, 0.95]]) {
    const { accuracy, halfWidth } = baseline as typeof random;
    assert(accuracy["1"] < Number(most), JSON.stringify(baseline));
    assert(halfWidth["1"] > 0);
  }
  assert(dense.accuracy.dense > 0.9);
  for (const one of best.filter(({ model }) => model === "planted")) {
    assert.equal(one.class, `topic ${one.atom}`);
    assert.equal(one.sign, "+");
    assert(one.f1 > 0.95 && one.auc > 0.97, JSON.stringify(one));
    assert(Math.abs(one.density - 0.2) < 0.03);
  }
  const named = suggestLabels(atoms);
  for (let atom = 0; atom < 4; atom++) {
    assert.equal(named[atom][0].label, `topic ${atom}`);
  }
  assert.equal(Object.keys(named).length, 4);
  for (const { rows, test } of scores) assert(rows > 4 * test * 0.8);
});

Deno.test("an atom's sign and place change nothing but its name", async () => {
  const { model } = PLANTED, { atoms, width } = model;
  const turned = model.dictionary.slice();
  for (let atom = 0; atom < atoms; atom++) {
    const to = atoms - 1 - atom;
    for (let p = 0; p < width; p++) {
      turned[to * width + p] = -model.dictionary[atom * width + p];
    }
  }
  const options = { baselines: [] };
  const before = await run(model, options);
  const after = await run({ ...model, dictionary: turned }, options);
  assert.deepEqual(
    after.scores.map(({ accuracy }) => accuracy),
    before.scores.map(({ accuracy }) => accuracy),
  );
  const name = ({ atom, sign }: { atom: number; sign: "+" | "-" }) =>
    `${atom}${sign}`;
  assert.deepEqual(
    after.best.map(name),
    before.best.map(({ atom }) => `${atoms - 1 - atom}-`),
  );
});

Deno.test("groups stay on one side, and are probed by their means", async () => {
  const { topics, rows, model } = PLANTED;
  // Rows of a topic by threes.
  const places = new Map<string, number>();
  const groups = topics.map((topic) => {
    const place = places.get(`${topic}`) ?? 0;
    places.set(`${topic}`, place + 1);
    return `${topic} ${Math.floor(place / 3)}`;
  });
  const source = withColumns(rows, model.width, { topic: topics, groups });
  const grouped = await probe([{ name: "planted", model }], source, {
    ...{ classColumns: ["topic"], byGroup: "groups", pool: true, minRows: 50 },
    ...{ createEngine: createReferenceEngine, baselines: [] },
  });
  assert.equal(grouped.units, "groups");
  assert(grouped.models[0].accuracy["1"] >= 0.98);
  for (const { rows } of grouped.scores) assert(rows < 600);
});

Deno.test("probing gives the same again, on the same rows for every model", async () => {
  const { model } = PLANTED;
  const source = withColumns(PLANTED.rows, model.width, {
    topic: PLANTED.topics,
  });
  const both = await probe(
    [{ name: "planted", model }, { name: "again", model }],
    source,
    {
      classColumns: ["topic"],
      createEngine: createReferenceEngine,
      baselines: ["raw"],
    },
  );
  const [one, other] = both.models;
  assert.deepEqual(one.accuracy, other.accuracy);
  assert.deepEqual(other.halfWidth, { "1": 0, "2": 0, "5": 0 });
  const alone = await run(model, { baselines: ["raw"] });
  assert.deepEqual(
    alone.scores,
    both.scores.filter(({ model }) => model !== "again"),
  );
});

Deno.test("what leaves no class with rows enough is refused, with what would do", async () => {
  await assert.rejects(
    run(PLANTED.model, { minRows: 2000 }),
    (error) =>
      error instanceof DbksvdError && error.kind === "data" &&
      /--min-rows/.test(error.message),
  );
  await assert.rejects(
    run(PLANTED.model, {}, PLANTED.topics.map(() => null)),
    DbksvdError,
  );
});

Deno.test("a class that no row is of is refused, with what is meant", async () => {
  for (
    const [name, message] of [
      ["Topic 1", /did you mean "topic 1"/],
      ["music", /there are "topic 0", "topic 1"/],
    ] as const
  ) {
    await assert.rejects(
      run(PLANTED.model, { classes: ["topic 0", name] }),
      (error) =>
        error instanceof DbksvdError && error.kind === "usage" &&
        message.test(error.message),
    );
  }
});
