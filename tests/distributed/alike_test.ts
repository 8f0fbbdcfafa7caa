import assert from "node:assert/strict";
import { requireAlike } from "../../src/distributed/alike.ts";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import type { DbksvdError } from "../../src/errors.ts";

const refusals = (given: Record<string, unknown>[]) =>
  Promise.all(
    inProcessGroup(given.length).map((group) =>
      requireAlike(group, given[group.rank]).then(
        () => undefined,
        (error: DbksvdError) => `${error.kind}: ${error.message}`,
      )
    ),
  );

Deno.test("requireAlike() refuses on all ranks what differs on one, and says which and what", async () => {
  const given = {
    version: "1.0.0",
    atoms: 64,
    where: { a: 1 },
    init: undefined,
  };
  assert.deepEqual(
    await refusals([given, given, given]),
    Array(3).fill(undefined),
  );
  const others: [Record<string, unknown>, RegExp][] = [
    [
      { ...given, atoms: 32 },
      /^usage: Rank 2 has another atoms \(32\) than rank 0 \(64\): /,
    ],
    [
      { ...given, init: "rows" },
      /another init \("rows"\) than rank 0 \(none\)/,
    ],
    [
      { ...given, where: undefined },
      /another where \(none\) than rank 0 \(\{"a":1\}\)/,
    ],
    [
      { ...given, where: { a: "x".repeat(100) } },
      /another where \(\{"a":"x{54}…\)/,
    ],
  ];
  for (const [other, why] of others) {
    const refused = await refusals([given, given, other]);
    assert.match(refused[0]!, why);
    assert.deepEqual(new Set(refused).size, 1);
  }
  await requireAlike(undefined, given);
});
