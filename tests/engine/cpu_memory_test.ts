import assert from "node:assert/strict";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import { layOut } from "../../src/engine/cpu/layout.ts";
import { planCpu } from "../../src/engine/cpu/plan.ts";
import type { EngineSpec } from "../../src/engine/engine.ts";
import { plainSpec } from "./engines.ts";
import { stepOf } from "./iterated.ts";
import { plant } from "./planted.ts";

const SIZES = { width: 30, atoms: 300, rows: 700, sparsity: 5 };

async function learned(spec: EngineSpec): Promise<Float32Array> {
  const { data, dictionary } = plant(SIZES, 0.3, "memory");
  const engine = await createCpuEngine(spec, { threads: 2 });
  try {
    await engine.loadDictionary(dictionary);
    for (let i = 0; i < 2; i++) {
      const step = stepOf(spec, { atomBatch: 50 });
      await engine.iterate({ data, rows: SIZES.rows }, step);
    }
    return await engine.readDictionary();
  } finally {
    await engine.close();
  }
}

Deno.test("cpu engine: a memory beyond 4 GiB gives the same bytes as one below", async () => {
  const spec = plainSpec(SIZES);
  // What is never touched takes no room: most of these rows never come.
  const large = { ...spec, sampleBatch: 20e6 };
  assert(layOut(large, 2).bytes > 2 ** 32);
  assert(layOut(spec, 2).bytes < 2 ** 32);
  assert.deepEqual(await learned(large), await learned(spec));
});

Deno.test("planCpu() counts the correlations of the rows that a native BLAS takes at a time", () => {
  const plan = (rows: number, blas?: string) =>
    planCpu({ ...plainSpec(SIZES), sampleBatch: rows }, [rows], {
      threads: 3,
      blas,
      again: false,
    }).memoryBytes;
  const correlations = (rows: number) => 3 * 4 * rows * 320;
  assert(plan(20_000, "") >= plan(20_000) + correlations(384 - 96));
  assert(plan(4000, "") >= plan(4000) + correlations(192 - 96));
  assert(plan(700, "") < plan(700) + correlations(96));
});

Deno.test("cpu engine: more than WebAssembly can address is refused with what would do", async () => {
  const spec = { ...plainSpec(SIZES), sampleBatch: 1e9 };
  await assert.rejects(
    createCpuEngine(spec),
    /GiB, more than the 16 .*: lower --sample-batch or --atoms/,
  );
});

Deno.test("cpu engine: more rows than it was made for are refused", async () => {
  const engine = await createCpuEngine(plainSpec(SIZES));
  try {
    const rows = SIZES.rows + 1, data = new Float32Array(rows * SIZES.width);
    await assert.rejects(
      async () => await engine.encode({ data, rows }),
      /made for 700 rows/,
    );
  } finally {
    await engine.close();
  }
});
