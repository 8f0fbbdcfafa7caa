import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { type CoderChanges, withCoder } from "../../src/use/coder_changes.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { shareNonzeros } from "../../src/use/share_nonzeros.ts";
import { makeModel, makeRows } from "../model/models.ts";

Deno.test("withCoder() gives the same model with another coder", () => {
  const model = makeModel({ width: 4, atoms: 6 });
  assert.equal(withCoder(model, { refine: undefined }), model);
  const refined = withCoder(model, { refine: 3 });
  assert.deepEqual(refined, {
    ...model,
    coder: { ...model.coder, refine: 3 },
  });
  assert.deepEqual(withCoder(refined, { refine: 0 }), model);
  const positive = { ...model.coder, nonnegative: true };
  const free = withCoder({ ...model, coder: positive }, {
    candidates: "positive",
  });
  assert.deepEqual(free.coder, { ...model.coder, candidates: "positive" });
  const shared = withCoder(model, { maxSparsity: 4, threshold: 1.5 });
  assert.deepEqual(
    shared.coder,
    { ...model.coder, maxSparsity: 4, threshold: 1.5, calibrated: false },
  );
  assert.equal(withCoder(shared, { threshold: 2 }).coder.maxSparsity, 4);
  assert.deepEqual(withCoder(shared, { threshold: 0 }), model);
});

Deno.test("withCoder() leaves a threshold calibrated while all that it was calibrated with stays", () => {
  const plain = makeModel({ width: 4, atoms: 6 });
  const coder = { ...plain.coder, maxSparsity: 4, threshold: 1.5 };
  const model = { ...plain, coder };
  const of = (changes: CoderChanges) =>
    withCoder(model, changes).coder.calibrated;
  for (const same of [{ threshold: 1.5 }, { maxSparsity: 4 }, { refine: 1 }]) {
    assert.equal(of(same), undefined);
  }
  for (
    const other of [
      { threshold: 1.4999 },
      { maxSparsity: 3 },
      { selectionRidge: 0.3 },
      { candidates: "positive" as const },
    ]
  ) assert.equal(of(other), false);
  assert.equal(
    withCoder(plain, { selectionRidge: 1 }).coder.calibrated,
    undefined,
  );
});

Deno.test("shareNonzeros() calibrates anew where a threshold was given", async () => {
  const model = makeModel({ width: 6, atoms: 8 });
  const given = withCoder(model, { maxSparsity: 5, threshold: 1000 });
  const rows = rowsFromArray(makeRows(model, 200), 6);
  const run = { createEngine: createReferenceEngine };
  const shared = await shareNonzeros(given, rows, run);
  assert(shared.threshold < 1000 && shared.l0 > 2, `${shared.l0}`);
  assert.equal(shared.model.coder.calibrated, undefined);
});

Deno.test("withCoder() refuses what does not go together", () => {
  const model = makeModel({ width: 4, atoms: 6 });
  const nested = { ...model, groups: [2, 4] };
  const mp = { ...model, coder: { ...model.coder, method: "mp" as const } };
  const ends = { ...model, coder: { ...model.coder, tolerance: 0.3 } };
  const sae = {
    format: "saelens-topk",
    ...{ name: "sae", width: 4, atoms: 6 },
  } as unknown as Parameters<typeof withCoder>[0];
  assert.equal(withCoder(mp, { refine: 0 }).coder.refine, 0);
  const cases: [typeof sae, CoderChanges, RegExp][] = [
    [
      model,
      { refine: -1 },
      /--refine is "-1": it takes a whole number from 0 to 10/,
    ],
    [model, { refine: 0.5 }, /--refine/],
    [mp, { refine: 1 }, /--refine is for --coder omp: leave it out/],
    [sae, { refine: 1 }, /--refine is for dictionaries: .* its own encoder/],
    [sae, { coding: "joint" }, /--coding is for dictionaries/],
    [model, { selectionRidge: -1 }, /--selection-ridge is "-1"/],
    [model, { groupWeight: 0.5 }, /--group-weight is "0.5"/],
    [nested, { groupWeight: 1.2 }, /--group-weight needs --coding joint/],
    [mp, { selectionRidge: 0.3 }, /--selection-ridge is for --coder omp/],
    [model, { threshold: -1 }, /--threshold is "-1"/],
    [model, { maxSparsity: 4 }, /--max-sparsity needs a threshold: give/],
    [
      model,
      { maxSparsity: 2, threshold: 1 },
      /--max-sparsity is "2": it takes a whole number of at least k, 3/,
    ],
    [
      model,
      { maxSparsity: 5, threshold: 1 },
      /--max-sparsity is "5": it takes at most .* \(4\)/,
    ],
    [sae, { threshold: 1 }, /--threshold is for dictionaries/],
    [
      model,
      { refine: 1, candidates: "positive" },
      /--refine and --candidates positive cannot go together/,
    ],
    [
      ends,
      { selectionRidge: 0.3 },
      /--tolerance and --selection-ridge cannot go together/,
    ],
  ];
  for (const [refused, changes, message] of cases) {
    assert.throws(
      () => withCoder(refused, changes),
      (error) =>
        error instanceof DbksvdError && error.kind === "usage" &&
        message.test(error.message),
    );
  }
});
