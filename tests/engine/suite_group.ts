import assert from "node:assert/strict";
import {
  type Communicator,
  ownShards,
  solo,
} from "../../src/distributed/communicator.ts";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import type {
  EngineSpec,
  IterationReport,
  IterationStep,
} from "../../src/engine/engine.ts";
import type { GroupEngine, SumWay } from "../../src/engine/group_engine.ts";
import { shareGram } from "../../src/distributed/gram_sharing.ts";
import {
  groupEngine,
  iterateTogether,
} from "../../src/distributed/iteration.ts";
import { addReports } from "../../src/learn/together.ts";
import { type EngineUnderTest, plainSpec, withEngine } from "./engines.ts";
import { greatest, iterateOnce, jittered, stepOf } from "./iterated.ts";
import { plant } from "./planted.ts";

const SIZES = { width: 29, atoms: 41, rows: 307, sparsity: 4 };

/** Parts of the rows; the sizes differ, and some hold nothing. */
const PARTS = Uint32Array.of(40, 41, 0, 39, 67, 1, 60, 59);

interface Shared {
  dictionary: Float32Array;
  weights: Float32Array;
  report: IterationReport;
}

/** Specs that take different paths through an iteration. */
const CASES: Record<
  string,
  [Parameters<typeof plainSpec>[1], Partial<IterationStep>]
> = {
  "one group": [{}, {}],
  "Matryoshka groups": [{ groups: [10, 11, 20] }, { atomBatch: 5 }],
  "three power steps and memory": [{ powerSteps: 3 }, { memory: 0.7 }],
  "ridge and threshold, fewer nonzeros": [{}, {
    ridge: 0.3,
    shrink: 0.05,
    sparsity: 2,
  }],
  "non-negative matching pursuit": [
    { coder: { method: "mp", nonnegative: true } },
    { replace: Uint32Array.of(5, 17, 3) },
  ],
};

/** Iterations in which several ranks share a batch. */
export function groupSuite(engine: EngineUnderTest): void {
  for (const [name, [changes, stepChanges]] of Object.entries(CASES)) {
    const spec = plainSpec(SIZES, changes);
    const { data, dictionary } = plant(SIZES, 0.3, "group");
    const start = jittered(dictionary, SIZES.width);
    const weights = new Float32Array(SIZES.atoms).fill(0.4);
    const step = stepOf(spec, stepChanges);
    const shared = (ranks: number, type: SumWay["sumType"]) =>
      together(engine, { spec, start, weights, data, step }, ranks, type);

    Deno.test(`${engine.name} engine: ranks share an iteration, ${name}`, async () => {
      const alone = await iterateOnce(
        engine,
        spec,
        start,
        data,
        step,
        weights,
      );
      for (const type of ["f32", "f64"] as const) {
        for (const ranks of [1, 3]) {
          const [done, ...others] = await shared(ranks, type);
          const off = greatest(done.dictionary, alone.dictionary);
          assert(off < 2e-6, `${ranks} ranks, ${type}: ${off} off`);
          const heaviest = Math.max(...alone.weights);
          const rounding = engine.sums === "float32" ? 1e-6 * heaviest : 1e-5;
          assert(greatest(done.weights, alone.weights) < rounding);
          assertNear(done.report, alone.report);
          for (const other of others) assert.deepEqual(other, done);
        }
      }
    });

    if (engine.sums === "float32") continue;
    Deno.test(`${engine.name} engine: with float64 sums, ranks of a power of two give the same bytes, ${name}`, async () => {
      const [one] = await shared(1, "f64");
      for (const ranks of [2, 4, 8]) {
        const [done] = await shared(ranks, "f64");
        assert.deepEqual(done, one, `${ranks} ranks`);
      }
    });
  }
}

/** An atom that no row uses, among those of an iteration that ranks share. */
export function unusedAtomSuite(engine: EngineUnderTest): void {
  Deno.test(`${engine.name} engine: an atom without uses stays to the bit where ranks share an iteration`, async () => {
    const { width } = SIZES, spec = plainSpec(SIZES, {});
    const { data, dictionary } = plant(SIZES, 0.3, "unused");
    const start = jittered(dictionary, width);
    for (const values of [data, start]) {
      values.forEach((_, i) => i % width < 2 && (values[i] = 0));
    }
    // Orthogonal to all rows, and not quite of unit length: turning it would change it.
    const unused = new Float32Array(width);
    unused.set([0.600001, 0.800001]);
    start.set(unused, 7 * width);
    const weights = new Float32Array(SIZES.atoms).fill(0.4);
    const step = stepOf(spec, { memory: 0.7 });
    for (const type of ["f32", "f64"] as const) {
      const work = { spec, start, weights, data, step };
      const [done] = await together(engine, work, 2, type);
      assert.equal(done.report.usage[7], 0);
      const kept = done.dictionary.subarray(7 * width, 8 * width);
      assert.deepEqual(kept.slice(), unused);
    }
  });
}

function assertNear(found: IterationReport, expected: IterationReport): void {
  assert.equal(found.rows, expected.rows);
  assert.equal(found.nonzeros, expected.nonzeros);
  assert.deepEqual(found.usage, expected.usage);
  assert.deepEqual(found.duplicates, expected.duplicates);
  for (const sum of ["energy", "codingError", "updatedError"] as const) {
    const off = Math.abs(found[sum] / expected[sum] - 1);
    assert(off < 1e-6, `${sum} is ${off} off`);
  }
}

/** Every rank makes its part of each Gram. */
function sharedGram(engine: GroupEngine, member: Communicator) {
  return {
    prepare: async (from: number) => void await shareGram(engine, member, from),
    note: () => Promise.resolve(),
  };
}

async function together(
  engine: EngineUnderTest,
  work: {
    spec: EngineSpec;
    start: Float32Array;
    weights: Float32Array;
    data: Float32Array;
    step: IterationStep;
  },
  ranks: number,
  type: SumWay["sumType"],
): Promise<Shared[]> {
  const group = ranks === 1 ? [solo()] : inProcessGroup(ranks);
  return await Promise.all(
    group.map((member) => share(engine, work, member, type)),
  );
}

function share(
  engine: EngineUnderTest,
  { spec, start, weights, data, step }: Parameters<typeof together>[1],
  member: Communicator,
  type: SumWay["sumType"],
): Promise<Shared> {
  const own = ownShards(PARTS.length, member);
  const before = PARTS.subarray(0, own.from).reduce(
    (sum, rows) => sum + rows,
    0,
  );
  const parts = PARTS.slice(own.from, own.to);
  const rows = parts.reduce((sum, rows) => sum + rows, 0);
  const { width } = spec;
  return withEngine(engine, spec, start, async (made) => {
    await made.loadDictionary(start, weights);
    const report = await iterateTogether(
      groupEngine(made),
      member,
      { data: data.slice(before * width, (before + rows) * width), rows },
      step,
      { sumType: type, parts },
      { gram: sharedGram(groupEngine(made), member) },
    );
    await addReports(member, [report], { capped: 0, stop: false });
    return {
      dictionary: await made.readDictionary(),
      weights: await made.readWeights(),
      report: { ...report, milliseconds: 0, stages: {} },
    };
  });
}
