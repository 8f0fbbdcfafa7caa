import assert from "node:assert/strict";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import {
  type Codes,
  EMPTY_SLOT,
  type EngineSpec,
} from "../../src/engine/engine.ts";
import { plainSpec } from "./engines.ts";
import { stepOf } from "./iterated.ts";
import { plant } from "./planted.ts";

const SIZES = { width: 70, atoms: 300, rows: 1500, sparsity: 6 };

/** Three iterations, with everything that a step can ask for, and the codes afterwards. */
async function work(
  spec: EngineSpec,
  data: Float32Array<ArrayBuffer>,
  dictionary: Float32Array,
  threads: number,
): Promise<[Float32Array, Float32Array, unknown[], Codes]> {
  const engine = await createCpuEngine(spec, { threads });
  try {
    await engine.loadDictionary(dictionary);
    for (let i = 0; i < 3; i++) {
      await engine.iterate(
        { data, rows: SIZES.rows },
        stepOf(spec, {
          atomBatch: 50,
          ridge: 0.5,
          shrink: 0.1,
          memory: 0.3,
          replace: Uint32Array.of(i, 200 + i),
        }),
      );
    }
    const reports = (await engine.reports())
      .map(({ milliseconds: _, stages: __, ...sums }) => sums);
    const codes = await engine.encode({ data, rows: SIZES.rows });
    const dictionaryAfter = await engine.readDictionary();
    return [dictionaryAfter, await engine.readWeights(), reports, codes];
  } finally {
    await engine.close();
  }
}

Deno.test("cpu engine: refined codes of rows that end by a threshold are the same bytes on 1, 2 and 3 threads, iteration after iteration", async () => {
  const { data, dictionary } = plant(SIZES, 0.3, "threads");
  // The dictionary is not of unit length: what is known of it must not outlast it.
  const long = dictionary.map((value) => 1.5 * value);
  const spec = plainSpec(SIZES, { coder: { refine: 1, threshold: 0.8 } });
  const one = await work(spec, data, long, 1);
  const [, , , { indices }] = one;
  assert(indices.some((index) => index === EMPTY_SLOT), "rows end");
  for (const threads of [2, 3]) {
    assert.deepEqual(await work(spec, data, long, threads), one);
  }
});

for (const method of ["omp", "mp"] as const) {
  for (const nonnegative of [false, true]) {
    const kind = `${nonnegative ? "non-negative " : ""}${method}`;
    Deno.test(`cpu engine: ${kind} gives the same bytes on 1, 2, 3 and 5 threads`, async () => {
      const { data, dictionary } = plant(SIZES, 0.3, "threads");
      const spec = plainSpec(SIZES, {
        groups: [100, 200],
        coder: { method, nonnegative, tolerance: 0.05 },
      });
      const one = await work(spec, data, dictionary, 1);
      for (const threads of [2, 3, 5]) {
        assert.deepEqual(await work(spec, data, dictionary, threads), one);
      }
    });
  }
}

Deno.test("cpu engine: the largest correlations are the same bytes on 1, 2 and 5 threads", async () => {
  const { data, dictionary } = plant(SIZES, 0.3, "threads");
  const spec = plainSpec({ ...SIZES, sparsity: 40 }, {
    coder: { method: "correlations" },
  });
  const codes = async (threads: number) => {
    const engine = await createCpuEngine(spec, { threads });
    await engine.loadDictionary(dictionary);
    const found = await engine.encode({ data, rows: SIZES.rows });
    await engine.close();
    return found;
  };
  const one = await codes(1);
  for (const threads of [2, 5]) assert.deepEqual(await codes(threads), one);
});
