import assert from "node:assert/strict";
import { solo } from "../../src/distributed/communicator.ts";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import { createEngine } from "../../src/engine/create.ts";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { shareGram } from "../../src/distributed/gram_sharing.ts";
import {
  groupEngine,
  iterateTogether,
} from "../../src/distributed/iteration.ts";
import { plainSpec } from "./engines.ts";
import { stepOf } from "./iterated.ts";
import { plant } from "./planted.ts";

/** Of several tasks of the Gram, the last of them not full. */
const SIZES = { width: 19, atoms: 430, rows: 200, sparsity: 3 };
const oneThread = (spec: EngineSpec) => createCpuEngine(spec, { threads: 1 });
const { data, dictionary } = plant(SIZES, 0.3, "shared Gram");
// Near-duplicates within a task of the Gram and between tasks.
for (const [one, other] of [[3, 400], [100, 104], [290, 17]]) {
  const { width } = SIZES;
  dictionary.copyWithin(other * width, one * width, (one + 1) * width);
}

/** What an iteration on all rows makes; where a group is given, of a Gram that its ranks share. */
async function iterated(
  spec: EngineSpec,
  make: (spec: EngineSpec) => Promise<Engine>,
  group?: ReturnType<typeof inProcessGroup>[number],
) {
  const engine = groupEngine(await make(spec));
  await engine.loadDictionary(dictionary);
  const rows = { data: data.slice(), rows: SIZES.rows };
  const gram = group && {
    prepare: async (from: number) =>
      void assert(await shareGram(engine, group, from)),
    note: () => Promise.resolve(),
  };
  const way = { sumType: "f64" as const, parts: Uint32Array.of(SIZES.rows) };
  const step = stepOf(spec, {});
  const report = await iterateTogether(engine, solo(), rows, step, way, {
    gram,
  });
  // A digest: what differs is seen in no time.
  const made = await engine.readDictionary();
  const digest = await crypto.subtle.digest("SHA-256", made.slice());
  await engine.close();
  return {
    made: new Uint8Array(digest).toHex(),
    duplicates: [...report.duplicates],
  };
}

for (const groups of [[430], [100, 330]]) {
  Deno.test(`cpu engine: a Gram made in parts is that of one process to the last bit, ${groups.length} groups`, async () => {
    const spec = plainSpec(SIZES, { groups });
    const alone = await iterated(spec, oneThread);
    assert.equal(alone.duplicates.length, groups.length === 1 ? 3 : 1);
    for (const ranks of [2, 5]) {
      const all = await Promise.all(
        inProcessGroup(ranks).map((rank) => iterated(spec, oneThread, rank)),
      );
      for (const one of all) assert.deepEqual(one, alone, `${ranks} ranks`);
    }
    const threads = await Promise.all(
      inProcessGroup(2).map((rank) =>
        iterated(
          spec,
          (spec) => createEngine(spec, { device: "cpu", threads: 2 }),
          rank,
        )
      ),
    );
    for (const one of threads) assert.deepEqual(one, alone, "in threads");
  });
}
