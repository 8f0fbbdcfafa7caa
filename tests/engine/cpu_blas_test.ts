import assert from "node:assert/strict";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import { openBlas } from "../../src/engine/cpu/blas.ts";
import type { DbksvdError } from "../../src/errors.ts";
import { plainSpec } from "./engines.ts";
import { greatest, stepOf } from "./iterated.ts";
import { plant } from "./planted.ts";

/** Rows enough for tasks of more than 96 of them. */
const SIZES = { width: 70, atoms: 300, rows: 5000, sparsity: 6 };

/** Whether the system has a BLAS: these tests are left out, and said to be, where it has none. */
const ignore = !hasBlas();

function hasBlas(): boolean {
  try {
    const memory = { initial: 1, maximum: 1, shared: true };
    openBlas("", new WebAssembly.Memory(memory));
    return true;
  } catch {
    return false;
  }
}

async function learned(
  options: Parameters<typeof createCpuEngine>[1],
): Promise<{ dictionary: Float32Array; blas: unknown }> {
  const spec = plainSpec(SIZES, { groups: [100, 200] });
  const { data, dictionary } = plant(SIZES, 0.3, "blas");
  const engine = await createCpuEngine(spec, options);
  try {
    await engine.loadDictionary(dictionary);
    const step = stepOf(spec, { atomBatch: 50 });
    await engine.iterate({ data, rows: SIZES.rows }, step);
    const { blas } = engine.info.details;
    return { dictionary: await engine.readDictionary(), blas };
  } finally {
    await engine.close();
  }
}

Deno.test(
  "cpu engine: a native BLAS makes the products, the same bytes on any number of threads",
  { ignore },
  async () => {
    const own = await learned({ threads: 2 });
    const one = await learned({ threads: 1, blas: "" });
    assert.equal(own.blas, undefined);
    assert.match(`${one.blas}`, /^(OpenBLAS|BLIS|Intel|.*MKL)/);
    assert(greatest(one.dictionary, own.dictionary) < 1e-4);
    for (const threads of [2, 3]) {
      assert.deepEqual(await learned({ threads, blas: "" }), one);
    }
  },
);

Deno.test("cpu engine: a library without cblas_sgemm is refused by its name", async () => {
  await assert.rejects(
    learned({ blas: "libm.so.6" }),
    (error: DbksvdError) =>
      error.kind === "device" && /libm\.so\.6/.test(error.message),
  );
});
