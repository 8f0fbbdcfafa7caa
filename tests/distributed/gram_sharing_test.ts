import assert from "node:assert/strict";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { EngineInfo, IterationReport } from "../../src/engine/engine.ts";
import type { GroupEngine } from "../../src/engine/group_engine.ts";
import { areAlike, GramSharing } from "../../src/distributed/gram_sharing.ts";
import { plainSpec } from "../engine/engines.ts";

const INFO: EngineInfo = {
  kind: "cpu",
  name: "processor",
  software: false,
  details: { fused: true },
};

/**
 * Which of some iterations share the Gram, where a rank's by itself takes as long as is given; `then` tells of
 * iterations from the tenth on.
 */
async function shared(
  wholeMs: readonly number[],
  infos: readonly EngineInfo[] = wholeMs.map(() => INFO),
  { iterations = 10, then = wholeMs } = {},
): Promise<boolean[][]> {
  return await Promise.all(
    inProcessGroup(wholeMs.length).map(async (group, rank) => {
      let asked = false;
      const engine = {
        gramPart: () => {
          asked = true;
          return Promise.resolve(new Float32Array(3));
        },
        takeGram: () => new Promise<void>((done) => setTimeout(done, 5)),
      } as unknown as GroupEngine;
      const sharing = new GramSharing(engine, group, areAlike(infos));
      const found: boolean[] = [];
      for (let iteration = 0; iteration < iterations; iteration++) {
        asked = false;
        await sharing.prepare(0);
        found.push(asked);
        const gram = asked ? 0 : (iteration < 10 ? wholeMs : then)[rank];
        await sharing.note({ stages: { gram } } as unknown as IterationReport);
      }
      return found;
    }),
  );
}

const TRIED = [false, true, false, true];

Deno.test("GramSharing tries both ways and keeps to the faster one, on all ranks alike", async () => {
  for (const [wholeMs, way] of [[[1e4, 1e4], true], [[0, 0], false]] as const) {
    const expected = [...TRIED, ...Array(6).fill(way)];
    for (const rank of await shared(wholeMs)) assert.deepEqual(rank, expected);
  }
});

Deno.test("GramSharing tries again when there were four times as many iterations", async () => {
  const away = { iterations: 24, then: [0, 0] };
  const expected = [
    ...[...TRIED, ...Array(12).fill(true)],
    ...[...TRIED, ...Array(4).fill(false)],
  ];
  for (const rank of await shared([1e4, 1e4], undefined, away)) {
    assert.deepEqual(rank, expected);
  }
});

Deno.test("GramSharing goes by the slowest rank", async () => {
  const expected = [...TRIED, ...Array(6).fill(true)];
  for (const rank of await shared([0, 1e4, 0])) {
    assert.deepEqual(rank, expected);
  }
});

Deno.test("GramSharing shares nothing between processors that round otherwise, nor within one process", async () => {
  const other = { ...INFO, details: { fused: false } };
  const never = Array(10).fill(false);
  for (const rank of await shared([1e4, 1e4], [INFO, other])) {
    assert.deepEqual(rank, never);
  }
  assert.deepEqual(await shared([1e4]), [never]);
});

Deno.test("GramSharing leaves an engine alone that makes its Gram by itself", async () => {
  const spec = plainSpec({ width: 3, atoms: 4, rows: 5, sparsity: 1 });
  await Promise.all(
    inProcessGroup(2).map(async (group) => {
      const engine = await createReferenceEngine(spec);
      const sharing = new GramSharing(engine, group, true);
      for (let iteration = 0; iteration < 6; iteration++) {
        await sharing.prepare(0);
        await sharing.note({ stages: {} } as unknown as IterationReport);
      }
      assert.equal(group.spent.calls, 0);
    }),
  );
});
