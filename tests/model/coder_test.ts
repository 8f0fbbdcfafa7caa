import assert from "node:assert/strict";
import { coderInWords, codingOf } from "../../src/model/coder.ts";
import { prefixModel } from "../../src/model/prefix.ts";
import { makeModel } from "./models.ts";

const NESTED = makeModel({ width: 6, atoms: 8, groups: [2, 6] });

Deno.test("codingOf() makes one group of all atoms where they are coded jointly", () => {
  const joint = { ...NESTED.coder, coding: "joint", groupWeight: 2 } as const;
  const { groups, coder } = codingOf({ ...NESTED, coder: joint });
  assert.deepEqual(groups, [8]);
  assert.deepEqual([...coder.weights!], [1, 1, ...Array(6).fill(0.5)]);
  assert.deepEqual(codingOf(NESTED), {
    groups: [2, 6],
    coder: NESTED.coder,
  });
});

Deno.test("codingOf() gives rows that share their nonzeros room for as many as one may have", () => {
  const shared = { ...NESTED.coder, maxSparsity: 6, threshold: 1.5 };
  const { coder } = codingOf({ ...NESTED, coder: shared });
  assert.deepEqual(coder, { ...NESTED.coder, sparsity: 6, threshold: 1.5 });
  const given = { ...shared, calibrated: false as const };
  assert.deepEqual(codingOf({ ...NESTED, coder: given }).coder, coder);
});

Deno.test("codingOf() weighs atoms by their uses where there are no groups", () => {
  const model = makeModel({ width: 6, atoms: 4 });
  const usage = Uint32Array.of(100, 10, 0, 1);
  const coder = { ...model.coder, groupWeight: 1.5 };
  const { weights } = codingOf({ ...model, usage, coder }).coder;
  [1, Math.sqrt(0.1), 0.1, 0.1].forEach((expected, j) =>
    assert(Math.abs(weights![j] - expected) < 1e-6)
  );
});

Deno.test("coderInWords() tells all that decides a code", () => {
  const words = (coder: Partial<typeof NESTED.coder>) =>
    coderInWords({ ...NESTED, coder: { ...NESTED.coder, ...coder } });
  assert.equal(words({}), "OMP, k = 3");
  assert.equal(
    words({ nonnegative: true, refine: 2, groupSparsity: [2, 1] }),
    "non-negative OMP, k = 3 (2 + 1), refined (2)",
  );
  assert.equal(
    words({
      coding: "joint",
      selectionRidge: 0.3,
      groupWeight: 1.2,
      candidates: "positive",
      groupSparsity: [2, 1],
    }),
    "joint OMP, k = 3, selection ridge 0.3, group weight 1.2, positive candidates",
  );
  assert.equal(
    words({ maxSparsity: 6, threshold: Math.fround(1.23456) }),
    "OMP, k = 3 on average, 6 a row at most, threshold 1.235",
  );
  assert.equal(words({ threshold: 2 }), "OMP, k = 3, threshold 2");
  assert.equal(
    words({ maxSparsity: 6, threshold: 1.23456, calibrated: false }),
    "OMP, 6 a row at most, threshold 1.23456",
  );
});

Deno.test("prefixModel() keeps the nonzeros that its groups were given", () => {
  const coder = { ...NESTED.coder, groupSparsity: [2, 1] };
  const prefix = prefixModel({ ...NESTED, coder }, 1);
  assert.equal(prefix.coder.sparsity, 2);
  assert.deepEqual(prefix.coder.groupSparsity, [2]);
  const shared = { ...coder, maxSparsity: 6, threshold: 1 };
  const some = prefixModel({ ...NESTED, coder: shared }, 1).coder;
  assert.deepEqual([some.sparsity, some.maxSparsity], [2, 4]);
  assert.equal(some.calibrated, false);
});
