import assert from "node:assert/strict";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { EMPTY_SLOT, type Engine } from "../../src/engine/engine.ts";
import { createGpuEngine } from "../../src/engine/gpu/gpu.ts";
import { DbksvdError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import { stepOf } from "../engine/iterated.ts";
import { assertCodesAgree, assertSupportsAgree, outcome } from "./agreement.ts";
import { plantedProblem } from "./planted.ts";
import { createEngineWithin } from "./within.ts";

Deno.test("the GPU engine gives the same bytes on every run", async () => {
  const problem = plantedProblem({ groups: [20, 33], sparsity: 6 });
  const step = stepOf(problem.spec, {
    ridge: 1,
    replace: Uint32Array.of(1, 30),
  });
  const run = async () =>
    await outcome(await createGpuEngine(problem.spec), problem, step);
  const [first, second] = [await run(), await run()];
  assert.deepEqual(first.dictionary, second.dictionary);
  assert.deepEqual(first.after, second.after);
  assert.deepEqual(first.before, second.before);
});

Deno.test("the GPU engine gives the same bytes however little memory it has", async () => {
  const problem = plantedProblem({ rowCount: 700 });
  const step = stepOf(problem.spec);
  const run = async (binding: number) =>
    await outcome(
      await createEngineWithin(problem.spec, { limits: { binding } }),
      problem,
      step,
    );
  const [rich, poor] = [await run(2 ** 26), await run(16384)];
  assert.deepEqual(rich.dictionary, poor.dictionary);
  assert.deepEqual(rich.after, poor.after);
});

Deno.test("holdRows() trains as streaming does", async () => {
  const problem = plantedProblem();
  const step = stepOf(problem.spec);
  const run = async (held: boolean) =>
    await outcome(await createGpuEngine(problem.spec), problem, step, held);
  const [streamed, held] = [await run(false), await run(true)];
  assert.deepEqual(streamed.dictionary, held.dictionary);
});

Deno.test("rows in halves train alike, held or streamed", async () => {
  const problem = plantedProblem({ rows: "f16" });
  const step = stepOf(problem.spec);
  const run = async (held: boolean) =>
    await outcome(await createGpuEngine(problem.spec), problem, step, held);
  const [streamed, held] = [await run(false), await run(true)];
  assert.deepEqual(streamed.dictionary, held.dictionary);
  assert.equal(streamed.report.energy, held.report.energy);
});

Deno.test("rows in halves change codes by rounding only", async () => {
  const problem = plantedProblem();
  const step = stepOf(problem.spec);
  const run = async (rows: "f16" | "f32") =>
    await outcome(
      await createGpuEngine({ ...problem.spec, rows }),
      problem,
      step,
    );
  const [halves, floats] = [await run("f16"), await run("f32")];
  assert.notDeepEqual(halves.dictionary, floats.dictionary);
  const loss = halves.report.codingError / floats.report.codingError - 1;
  assert(Math.abs(loss) < 1e-3, `coding error changed by ${loss}`);
});

Deno.test("holdRows() declines what the device's memory has no room for", async () => {
  const problem = plantedProblem();
  const { data, rows, spec } = problem;
  // Rows of whole vec4s, and the largest value of each.
  const bytes = rows * (16 * Math.ceil(spec.width / 4) + 4);
  const heldIn = async (memory: number) => {
    const engine = await createGpuEngine(spec, { limits: { memory } });
    let held = 0;
    while (await engine.holdRows({ data, rows }) !== undefined) held++;
    await engine.close();
    return held * bytes;
  };
  const more = await heldIn(6e6) - await heldIn(4e6);
  // A twentieth of the memory is left to what comes later, such as reading results.
  assert(Math.abs(more / 2e6 - 0.95) < 0.03, `${more / 2e6} of more memory`);
});

Deno.test("encode() keeps rows of zeros, duplicates and vanishing rows finite", async () => {
  const problem = plantedProblem({ rowCount: 6, sparsity: 8 });
  const { spec, data, dictionary } = problem, n = spec.width;
  data.fill(0.1, 0, n); // Equals the mean.
  data.copyWithin(n, 2 * n, 3 * n); // Two equal rows.
  for (let p = 3 * n; p < 4 * n; p++) data[p] = 0.1 + 1e-20 * (p % 3);
  for (let p = 4 * n; p < 5 * n; p++) data[p] = 1e15 * Math.sin(p);
  dictionary.copyWithin(n, 0, n); // Two equal atoms.
  dictionary.copyWithin(2 * n, 0, n);
  for (const method of ["omp", "mp"] as const) {
    const engine = await createGpuEngine({
      ...spec,
      coder: { ...spec.coder, method },
    });
    await engine.loadDictionary(dictionary);
    const codes = await engine.encode({ data, rows: 6 });
    await engine.close();
    assert(codes.values.every(Number.isFinite));
    assert(codes.residual.every((r) => r >= 0 && r <= 1));
    assert.equal(codes.residual[0], 0);
    assert(codes.indices.subarray(0, 8).every((j) => j === EMPTY_SLOT));
    for (let i = 0; i < 6; i++) {
      const twins = codes.indices.subarray(8 * i, 8 * i + 8)
        .filter((j) => j < 3);
      assert(twins.length <= 1, `row ${i} uses equal atoms ${twins}`);
    }
  }
});

for (const method of ["omp", "mp"] as const) {
  for (const alike of [5, 90, 200]) {
    Deno.test(`encode() by ${method} tells ${alike} atoms apart that halves cannot`, async () => {
      const problem = plantedProblem({
        width: 40,
        atoms: 80 + alike,
        coder: { method },
      });
      const { spec, data, rows, dictionary } = problem, n = spec.width;
      const random = randomStream(5, "alike");
      for (let j = 0; j < alike; j++) {
        const atom = dictionary.subarray((j + 7) * n, (j + 8) * n);
        atom.set(dictionary.subarray(0, n));
        for (let p = 0; p < n; p++) atom[p] += 2e-4 * random.normal();
        const norm = Math.hypot(...atom);
        atom.forEach((value, p) => atom[p] = value / norm);
      }
      const encode = async (engine: Engine) => {
        await engine.loadDictionary(dictionary);
        const codes = await engine.encode({ data, rows });
        await engine.close();
        return codes;
      };
      const tuning = { search: "verified" as const };
      const gpu = await encode(await createGpuEngine(spec, { tuning }));
      const cpu = await encode(await createReferenceEngine(spec));
      assertSupportsAgree(gpu, cpu);
    });
  }
}

Deno.test("iterate() with fewer rows than the sample batch leaves the rest alone", async () => {
  const problem = plantedProblem({ rowCount: 200 });
  const few = { ...problem, rows: 97, data: problem.data.slice(0, 97 * 37) };
  const step = stepOf(problem.spec);
  const spec = { ...problem.spec, sampleBatch: 1000 };
  const engine = await createGpuEngine(spec);
  await engine.loadDictionary(problem.dictionary);
  await engine.encode({ data: problem.data, rows: problem.rows });
  const gpu = await outcome(engine, few, step);
  const cpu = await outcome(await createReferenceEngine(spec), few, step);
  assertCodesAgree(gpu.after, cpu.after);
  assert.equal(gpu.report.rows, 97);
});

Deno.test("iterate() refuses more rows than the sample batch", async () => {
  const problem = plantedProblem({ sampleBatch: 100 });
  const engine = await createGpuEngine(problem.spec);
  const { data, rows } = problem;
  await assert.rejects(
    engine.iterate({ data, rows }, stepOf(problem.spec)),
    /301 rows and takes 1 to 100/,
  );
  await engine.close();
});

Deno.test("a closed engine says so", async () => {
  const problem = plantedProblem();
  const { data, rows } = problem;
  const engine = await createGpuEngine(problem.spec);
  await engine.close();
  await assert.rejects(engine.encode({ data, rows }), /engine is closed/);
  await assert.rejects(engine.holdRows({ data, rows }), /engine is closed/);
});

Deno.test("createGpuEngine() refuses what cannot fit, with the numbers and a way out", async () => {
  const { spec } = plantedProblem({ sampleBatch: 1 << 20 });
  await assert.rejects(
    createGpuEngine(spec, { limits: { memory: 1e8 } }),
    (error) =>
      error instanceof DbksvdError && error.kind === "device" &&
      /has 0\.10 GB .* needed.*--sample-batch \d+/.test(error.message),
  );
});

Deno.test("a GPU iteration reads back little, uploads its rows once and submits few times", async () => {
  const problem = plantedProblem();
  const { data, rows, spec } = problem;
  const engine = await createGpuEngine(spec);
  await engine.loadDictionary(problem.dictionary);
  const before = engine.counters;
  const iterations = 3;
  for (let i = 0; i < iterations; i++) {
    await engine.iterate({ data, rows }, stepOf(problem.spec));
  }
  const queued = engine.counters;
  assert.equal(queued.bytesReadBack, before.bytesReadBack);
  await engine.reports();
  const after = engine.counters;
  const down = (after.bytesReadBack - before.bytesReadBack) / iterations;
  assert(down <= 65536 + 4 * spec.atoms, `${down} bytes down`);
  const up = (after.bytesUploaded - before.bytesUploaded) / iterations;
  assert.equal(up, data.byteLength + 8 * spec.atoms);
  assert.equal((after.submits - before.submits) / iterations, 2);
  const batches = Math.ceil(spec.atoms / 7);
  const dispatches = (after.dispatches - before.dispatches) / iterations;
  assert.equal(dispatches, 19 + 3 * batches);
  await engine.close();
});
