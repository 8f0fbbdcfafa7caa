import assert from "node:assert/strict";
import { compare } from "../../src/use/compare.ts";
import { makeModel } from "../model/models.ts";

Deno.test("compare() pairs the atoms that two dictionaries share", async () => {
  const a = makeModel({ width: 12, atoms: 20, labels: { "2": "tools" } });
  const b = makeModel({ width: 12, atoms: 21 });
  b.dictionary.set(a.dictionary.subarray(0, 10 * 12), 11 * 12);
  const { pairs, shares, mmcs, matching } = await compare(a, b);
  assert.equal(matching, "hungarian");
  assert.equal(shares["0.99"], 10 / 21);
  assert.ok(mmcs < 1 && mmcs > 0.5);
  const pair = pairs.find((pair) => pair.a === 2)!;
  assert.deepEqual([pair.b, pair.labelA, pair.labelB], [
    13,
    "tools",
    undefined,
  ]);
  assert.ok(
    pairs.every(({ similarity }, i) =>
      i === 0 || Math.abs(similarity) <= Math.abs(pairs[i - 1].similarity)
    ),
  );
});
