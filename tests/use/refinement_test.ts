import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { withRefinement } from "../../src/use/refinement.ts";
import { makeModel } from "../model/models.ts";

Deno.test("withRefinement() gives the same model with another number of swap passes", () => {
  const model = makeModel({ width: 4, atoms: 6 });
  assert.equal(withRefinement(model, undefined), model);
  const refined = withRefinement(model, 3);
  assert.deepEqual(refined, {
    ...model,
    coder: { ...model.coder, refine: 3 },
  });
  assert.deepEqual(withRefinement(refined, 0), model);
});

Deno.test("withRefinement() refuses what no swap passes can follow", () => {
  const model = makeModel({ width: 4, atoms: 6 });
  const mp = { ...model, coder: { ...model.coder, method: "mp" as const } };
  const sae = {
    format: "saelens-topk",
    ...{ name: "sae", width: 4, atoms: 6 },
  } as unknown as Parameters<typeof withRefinement>[0];
  assert.equal(withRefinement(mp, 0).coder.refine, 0);
  for (
    const [refused, passes, message] of [
      [model, -1, /--refine is "-1": it takes a whole number from 0 to 10/],
      [model, 0.5, /--refine/],
      [mp, 1, /--refine is for --coder omp: leave it out/],
      [sae, 1, /--refine is for dictionaries: .* its own encoder/],
    ] as const
  ) {
    assert.throws(
      () => withRefinement(refused, passes),
      (error) =>
        error instanceof DbksvdError && error.kind === "usage" &&
        message.test(error.message),
    );
  }
});
