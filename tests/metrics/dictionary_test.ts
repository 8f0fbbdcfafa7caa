import assert from "node:assert/strict";
import fc from "fast-check";
import { assignLargest } from "../../src/metrics/assignment.ts";
import {
  coherence,
  matchAtoms,
  nearestAtoms,
  recovery,
} from "../../src/metrics/dictionary.ts";
import { histogram } from "../../src/metrics/histogram.ts";
import { permutation, randomStream } from "../../src/random.ts";
import { makeModel } from "../model/models.ts";

/** The best sum over all one-to-one assignments, by trying them all. */
function bestSum(weights: number[][], row = 0, taken = 0): number {
  if (row === weights.length) return 0;
  let best = -Infinity;
  weights[row].forEach((weight, column) => {
    if (taken & (1 << column)) return;
    best = Math.max(
      best,
      weight + bestSum(weights, row + 1, taken | (1 << column)),
    );
  });
  return best;
}

Deno.test("assignLargest() finds the largest sum", async () => {
  const size = fc.tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 0, max: 2 }),
  );
  const problem = size.chain(([rows, more]) =>
    fc.array(
      fc.array(fc.integer({ min: 0, max: 8 }), {
        minLength: rows + more,
        maxLength: rows + more,
      }),
      { minLength: rows, maxLength: rows },
    )
  );
  await fc.assert(
    fc.asyncProperty(problem, async (weights) => {
      const columns = weights[0].length;
      const found = await assignLargest(
        Float32Array.from(weights.flat()),
        weights.length,
        columns,
      );
      assert.equal(new Set(found).size, weights.length);
      const sum = found.reduce(
        (total, column, row) => total + weights[row][column],
        0,
      );
      assert.equal(sum, bestSum(weights));
    }),
    { numRuns: 500, seed: 2 },
  );
});

/** The model's atoms in another order, every second one with its sign turned. */
function shuffled(atoms: number, width: number) {
  const { dictionary } = makeModel({ width, atoms });
  const order = permutation(atoms, randomStream(5, "order"));
  const other = new Float32Array(dictionary.length);
  order.forEach((from, to) => {
    const sign = from % 2 === 0 ? 1 : -1;
    for (let d = 0; d < width; d++) {
      other[to * width + d] = sign * dictionary[from * width + d];
    }
  });
  return {
    order,
    a: { dictionary, atoms, width },
    b: { dictionary: other, atoms, width },
  };
}

Deno.test("matchAtoms() undoes a shuffle with turned signs", async () => {
  const { order, a, b } = shuffled(40, 9);
  const { method, pairs } = await matchAtoms(a, b);
  assert.equal(method, "hungarian");
  assert.equal(pairs.length, 40);
  pairs.forEach(({ a, b, similarity }, i) => {
    assert.equal(a, i);
    assert.equal(order[b], a);
    assert.ok(Math.abs(similarity - (a % 2 === 0 ? 1 : -1)) < 1e-6);
  });
});

Deno.test("matchAtoms() matches greedily above 4096 atoms and says so", async () => {
  const { order, a, b } = shuffled(4100, 6);
  const { method, pairs } = await matchAtoms(a, b);
  assert.equal(method, "greedy");
  assert.equal(new Set(pairs.map((pair) => pair.b)).size, 4100);
  const right = pairs.filter(({ a, b }) => order[b] === a).length;
  assert.ok(right >= 4095, `${right} of 4100`);
});

Deno.test("recovery() counts known atoms that were found, whichever dictionary is larger", async () => {
  const truth = makeModel({ width: 10, atoms: 20 });
  const half = {
    width: 10,
    atoms: 10,
    dictionary: truth.dictionary.slice(0, 100).map((v) => 3 * v),
  };
  const result = await recovery(truth, half);
  assert.equal(result.recovered, 0.5);
  assert.ok(Math.abs(result.mmcs - 1) < 1e-6);
  const other = await recovery(half, truth);
  assert.equal(other.recovered, 1);
  await assert.rejects(
    recovery(truth, { ...half, width: 5, atoms: 20 }),
    /width 10 and 5/,
  );
});

Deno.test("coherence() and nearestAtoms() agree with brute force", async () => {
  const { dictionary, width, atoms } = makeModel({ width: 7, atoms: 23 });
  const product = (i: number, j: number) => {
    let sum = 0;
    for (let d = 0; d < width; d++) {
      sum += dictionary[i * width + d] * dictionary[j * width + d];
    }
    return sum;
  };
  const near = await nearestAtoms({ dictionary, width, atoms }, 4);
  let most = 0;
  let mean = 0;
  for (let i = 0; i < atoms; i++) {
    const others = Array.from({ length: atoms }, (_, j) => j)
      .filter((j) => j !== i)
      .sort((a, b) => Math.abs(product(i, b)) - Math.abs(product(i, a)));
    assert.deepEqual([...near[i].atoms], others.slice(0, 4));
    assert.ok(
      Math.abs(near[i].similarities[0] - product(i, others[0])) < 1e-6,
    );
    const largest = Math.abs(product(i, others[0]));
    most = Math.max(most, largest);
    mean += largest / atoms;
  }
  const metrics = await coherence({ dictionary, width, atoms });
  assert.ok(Math.abs(metrics.coherence - most) < 1e-6);
  assert.ok(Math.abs(metrics.coherence_mean - mean) < 1e-6);
  const counted = metrics.coherence_by_atom.counts.reduce((a, b) => a + b);
  assert.equal(counted, atoms);
});

Deno.test("histogram() puts outer values into the end bins", () => {
  const { edges, counts } = histogram([-Infinity, 0, 0.5, 0.99, 1, 7], 0, 1, 2);
  assert.deepEqual(edges, [0, 0.5, 1]);
  assert.deepEqual(counts, [2, 4]);
});
