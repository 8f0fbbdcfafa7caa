import assert from "node:assert/strict";
import { flatThreads } from "../../src/engine/gpu/stages/common.ts";
import { duplicatesKernel } from "../../src/engine/gpu/stages/duplicates.ts";
import { boundsKernel } from "../../src/engine/gpu/stages/gram.ts";
import { worstKernel } from "../../src/engine/gpu/stages/replace.ts";
import { totalKernel } from "../../src/engine/gpu/stages/report.ts";
import { prepareKernel } from "../../src/engine/gpu/stages/rows.ts";
import { matrixShape } from "../../src/gpu/matrix.ts";
import { randomStream } from "../../src/random.ts";
import { onDevice } from "./harness.ts";

const random = randomStream(4, "rows");
const draw = (count: number) =>
  new Float32Array(count).map(() => random.normal());

// ‖r‖² of every row beside a ‖y‖² that the kernels under test are to leave alone.
const besideWholes = (energies: Float32Array) =>
  Float32Array.from(
    { length: 2 * energies.length },
    (_, i) => i % 2 === 0 ? energies[i / 2] : 1e6,
  );

Deno.test("prepare.wgsl centres and scales rows of odd width across parts", async () => {
  const n = 13, n4 = 4, rows = 21, first = 2, count = 17, scale = 0.3;
  const raw = draw(count * n), mean = new Float32Array(4 * n4);
  mean.set(draw(n));
  await onDevice(async (bench) => {
    const shape = matrixShape(rows, n4, "vec4<f32>", 16 * n4 * 5);
    assert(shape.parts > 1);
    const y = bench.matrix(shape), energies = bench.buffer(8 * rows);
    await bench.run(
      prepareKernel(bench.context, n, shape),
      { raw: bench.buffer(raw), mean: bench.buffer(mean), Y: y, energies },
      { rows: count, first, scale },
      count,
    );
    const got = await bench.floats(energies, 2 * rows);
    for (let i = 0; i < count; i++) {
      const row = first + i, part = Math.floor(row / shape.rowsPerPart);
      const all = await bench.floats(y.buffers[part], 16 * shape.rowsPerPart);
      const at = (row - part * shape.rowsPerPart) * 16;
      let energy = 0;
      for (let p = 0; p < n; p++) {
        const exact = (raw[i * n + p] - mean[p]) * scale;
        energy += exact * exact;
        assert(Math.abs(all[at + p] - exact) < 1e-6);
      }
      assert.deepEqual([...all.subarray(at + n, at + 16)], [0, 0, 0]);
      for (const reported of got.subarray(2 * row, 2 * row + 2)) {
        assert(Math.abs(reported - energy) < 1e-5 * energy);
      }
    }
  });
});

Deno.test("total.wgsl sums runs of energies", async () => {
  const rows = 1003, run = 77, runs = Math.ceil(rows / run);
  const energies = draw(rows).map(Math.abs);
  await onDevice(async (bench) => {
    const sums = bench.buffer(4 * (runs + 2));
    await bench.run(
      totalKernel(bench.context),
      { energies: bench.buffer(besideWholes(energies)), sums },
      { rows, run, to: 2 },
      runs,
    );
    const got = (await bench.floats(sums, runs + 2)).subarray(2);
    got.forEach((sum, r) => {
      const exact = energies.subarray(r * run, (r + 1) * run)
        .reduce((all, e) => all + e, 0);
      assert(Math.abs(sum - exact) < 1e-5 * exact);
    });
  });
});

Deno.test("worst.wgsl orders rows by energy, the lower index first on ties", async () => {
  const rows = 501, wanted = 40;
  const energies = Float32Array.from(
    { length: rows },
    () => random.integer(25),
  );
  const exact = [...energies.keys()]
    .sort((a, b) => energies[b] - energies[a] || a - b).slice(0, wanted);
  await onDevice(async (bench) => {
    const kernel = worstKernel(bench.context);
    const worst = bench.buffer(4 * wanted);
    await bench.run(
      kernel,
      { energies: bench.buffer(besideWholes(energies)), worst },
      { rows, wanted },
      Math.ceil(rows / flatThreads(bench.context)),
    );
    assert.deepEqual([...await bench.words(worst, wanted)], exact);
  });
});

Deno.test("bounds.wgsl tells how far halves are off and how like others an atom is", async () => {
  const atoms = 11, m4 = 5;
  const gram = draw(atoms * 4 * m4).map((v) => Math.tanh(v));
  for (let i = 0; i < atoms; i++) gram[i * 4 * m4 + i] = 1;
  const worst = (i: number, off: (value: number, j: number) => number) =>
    Math.max(
      ...gram.subarray(i * 4 * m4, (i + 1) * 4 * m4)
        .map((value, j) => Math.abs(off(value, j))),
    );
  for (const search of ["floats", "verified", "halves"] as const) {
    await onDevice(async (bench) => {
      const shape = matrixShape(atoms, m4, "vec4<f32>", 2 ** 20);
      const half = matrixShape(atoms, m4, "vec2<u32>", 2 ** 20);
      const H = bench.matrix(half), bounds = bench.buffer(8 * atoms);
      const group = {
        gram: shape,
        halves: half,
        layout: { threads: 32, stride: m4, elements: 1 },
        sparsity: 3,
      };
      const tuning = { ...bench.context.tuning, pruned: true };
      const context = { ...bench.context, search, tuning };
      await bench.run(
        boundsKernel(context, group, "omp")!,
        { G: bench.matrix(shape, gram), H, bounds },
        { atoms },
        atoms,
      );
      const reported = await bench.floats(bounds, 2 * atoms);
      const words = await bench.words(H.buffers[0], atoms * m4 * 2);
      const halves = new Float16Array(words.buffer);
      for (let i = 0; i < atoms; i++) {
        const [off, like] = reported.subarray(2 * i);
        const first = i * 4 * m4;
        assert.equal(
          off,
          search === "floats"
            ? 0
            : worst(i, (value, j) => halves[first + j] - value),
        );
        assert.equal(
          like,
          search === "halves" ? 0 : worst(i, (value, j) => j === i ? 0 : value),
        );
        assert(off < 2 ** -11);
      }
    });
  }
});

Deno.test("duplicates.wgsl flags the less used of two atoms alike", async () => {
  const atoms = 37, m4 = 10, gram = new Float32Array(atoms * 4 * m4);
  for (let i = 0; i < atoms; i++) gram[i * 41] = 1;
  const alike = (i: number, j: number, value: number) => {
    gram[i * 40 + j] = gram[j * 40 + i] = value;
  };
  alike(3, 20, -0.995);
  alike(4, 36, 0.9901);
  alike(7, 8, 0.99);
  const usage = new Uint32Array(atoms + 5).fill(6);
  usage[5 + 3] = 2;
  await onDevice(async (bench) => {
    const shape = matrixShape(atoms, m4, "vec4<f32>", 2 ** 20);
    const flags = bench.buffer(new Uint32Array(2));
    await bench.run(
      duplicatesKernel(bench.context, { atoms, stride: m4, gram: shape }),
      { G: bench.matrix(shape, gram), usage: bench.buffer(usage), flags },
      { atoms, atom: 5, row: 0 },
      atoms,
    );
    const [low, high] = await bench.words(flags, 2);
    assert.deepEqual([low, high], [1 << (5 + 3), 1 << (5 + 36 - 32)]);
  });
});
