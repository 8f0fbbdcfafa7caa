import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { probe } from "../../src/probing/probe.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import { plantClasses, withColumns } from "./planted.ts";

const WIDTH = 96, CHILDREN = 60;

function dictionaryModel(dictionary: Float32Array, k: number): DictionaryModel {
  const atoms = dictionary.length / WIDTH;
  return {
    ...{ width: WIDTH, atoms, dictionary, mean: new Float32Array(WIDTH) },
    ...{ scale: 1, usage: new Uint32Array(atoms), groups: [atoms] },
    coder: {
      ...{ method: "omp", sparsity: k, nonnegative: true },
      ...{ tolerance: 0, refit: false },
    },
    ...{ seed: 0, toolVersion: "0.2.0" },
  };
}

// Rows of a class are a general direction, and for four fifths of them one of its children; others are children of
// none.
function plantHierarchy() {
  const random = randomStream(9, "hierarchy");
  const atoms = unitRows(1 + 2 * CHILDREN, WIDTH, random.normal);
  const atom = (j: number) => atoms.subarray(j * WIDTH, (j + 1) * WIDTH);
  const rows = 4000, data = new Float32Array(rows * WIDTH);
  const animal: boolean[] = [];
  let ofClass = 0, withChild = 0;
  for (let row = 0; row < rows; row++) {
    const is = random.uniform() < 0.5;
    const child = is && random.uniform() < 0.2
      ? undefined
      : 1 + random.integer(CHILDREN) + (is ? 0 : CHILDREN);
    animal.push(is);
    if (is) ofClass++;
    if (is && child !== undefined) withChild++;
    for (let p = 0; p < WIDTH; p++) {
      data[row * WIDTH + p] = (is ? 1 : 0) * atom(0)[p] +
        (child === undefined ? 0 : atom(child)[p]) + 0.02 * random.normal();
    }
  }
  // Each child's atom has taken the general direction over.
  const absorbing = atoms.slice();
  for (let child = 1; child <= CHILDREN; child++) {
    const sum = Float64Array.from(atom(child), (v, p) => v + atom(0)[p]);
    const length = Math.hypot(...sum);
    absorbing.set(sum.map((v) => v / length), child * WIDTH);
  }
  return { data, animal, atoms, absorbing, share: withChild / ofClass };
}

Deno.test("absorption is found where it is planted, and nowhere else", async () => {
  const { data, animal, atoms, absorbing, share } = plantHierarchy();
  const source = withColumns(data, WIDTH, { animal });
  const { models } = await probe(
    [
      { name: "apart", model: dictionaryModel(atoms, 2) },
      { name: "absorbing", model: dictionaryModel(absorbing, 1) },
    ],
    source,
    {
      ...{ classColumns: ["animal"], classes: ["true"], absorption: true },
      ...{ baselines: [], createEngine: createReferenceEngine },
    },
  );
  const [apart, absorbed] = models.map((model) => model.absorption!);
  assert.equal(apart.classes, 1);
  assert(apart.fraction < 0.02, `${apart.fraction}`);
  assert(apart.full < 0.02, `${apart.full}`);
  assert(apart.mainF1 > 0.98, `${apart.mainF1}`);
  assert(Math.abs(absorbed.fraction - share) < 0.05, `${absorbed.fraction}`);
  assert(Math.abs(absorbed.full - share) < 0.05, `${absorbed.full}`);
});

Deno.test("a class's own latents carry it, and it alone", async () => {
  const { model, rows, topics } = plantClasses(3000);
  const { models } = await probe(
    [{ name: "planted", model }],
    withColumns(rows, model.width, { topic: topics }),
    {
      ...{ classColumns: ["topic"], tpp: true, baselines: ["random"] },
      createEngine: createReferenceEngine,
    },
  );
  const [planted, random] = models;
  assert(planted.tpp!["2"] > 0.3, JSON.stringify(planted.tpp));
  assert(random.tpp!["2"] < 0.1, JSON.stringify(random.tpp));
});

Deno.test("a correlation is taken out by the latents of its attribute", async () => {
  const random = randomStream(11, "correlation");
  const atoms = unitRows(80, WIDTH, random.normal);
  const rows = 6000, data = new Float32Array(rows * WIDTH);
  const gender: string[] = [], job: string[] = [];
  for (let row = 0; row < rows; row++) {
    const a = random.integer(2), b = random.integer(2);
    gender.push(a === 0 ? "f" : "m");
    job.push(b === 0 ? "nurse" : "professor");
    // The second attribute is the louder one.
    const parts = [[a, 1], [2 + b, 3], [4 + random.integer(76), 2]];
    for (const [atom, value] of parts) {
      for (let p = 0; p < WIDTH; p++) {
        data[row * WIDTH + p] += value * atoms[atom * WIDTH + p];
      }
    }
  }
  const source = withColumns(data, WIDTH, { gender, job });
  const scr = (jobs: [string, string]) =>
    probe([{ name: "planted", model: dictionaryModel(atoms, 3) }], source, {
      classColumns: ["gender"],
      scr: [
        { column: "gender", values: ["f", "m"] },
        { column: "job", values: jobs },
      ],
      ...{ baselines: ["random"], createEngine: createReferenceEngine },
    });
  const { models: [planted, other] } = await scr(["nurse", "professor"]);
  assert(planted.scr!["2"] > 0.7, JSON.stringify(planted.scr));
  assert(other.scr!["2"] < 0.5, JSON.stringify(other.scr));
  await assert.rejects(
    scr(["nurse", "poet"]),
    (error) =>
      error instanceof DbksvdError && /choose from: nurse/.test(error.message),
  );
});
