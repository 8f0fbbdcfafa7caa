import assert from "node:assert/strict";
import { gram } from "../../src/engine/reference/products.ts";
import { Pursuit } from "../../src/engine/reference/pursuit.ts";
import { Refinement } from "../../src/engine/reference/refinement.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { matrixShape } from "../../src/gpu/matrix.ts";
import { pursuitLayout } from "../../src/engine/gpu/stages/pursue.ts";
import { SWAP_ROWS, swapKernel } from "../../src/engine/gpu/stages/refine.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";
import { inner, rowsOf } from "../engine/reference.ts";
import { type Bench, onDevice } from "./harness.ts";

const ROWS = 61, WIDTH = 17, ATOMS = 150, K = 5, KT = 8, SLOT = 2, FIRST = 10;
const PASSES = 3;

// Rows with the supports that OMP finds, of which some are cut short and one is empty.
function drawRows() {
  const random = randomStream(11, "swap");
  const dictionary = unitRows(ATOMS, WIDTH, random.normal);
  const g = new Float32Array(ATOMS * ATOMS);
  gram(dictionary, ATOMS, WIDTH, g);
  const unit = rowsOf(dictionary, WIDTH);
  const plain = { nonnegative: false, refit: false, ridge: 0 };
  const pursuit = new Pursuit(g, ATOMS, {
    method: "omp",
    sparsity: K,
    ...plain,
  });
  return {
    g,
    rows: Array.from({ length: ROWS }, (_, i) => {
      const y = Float64Array.from({ length: WIDTH }, () => random.normal());
      const correlations = Float32Array.from(unit, (d) => inner(d, y));
      const indices = new Uint32Array(K), energy = inner(y, y);
      pursuit.run(correlations, energy, 0, indices, new Float32Array(K));
      const support = indices.slice(0, i % 7 === 0 ? i % 5 : K);
      return { correlations, energy, support };
    }),
  };
}

async function swapOnDevice(
  bench: Bench,
  { g, rows }: ReturnType<typeof drawRows>,
  { parts, groups }: { parts: number; groups: number },
): Promise<Uint32Array> {
  const { stride } = pursuitLayout(bench.context.tuning, ATOMS);
  const limit = 16 * stride * Math.ceil(ATOMS / parts);
  const shape = matrixShape(ATOMS, stride, "vec4<f32>", limit);
  assert.equal(shape.parts, parts);
  const padded = new Float32Array(ATOMS * 4 * stride);
  const correlations = new Float32Array(
    (ROWS + SWAP_ROWS * groups) * 4 * stride,
  );
  const indices = new Uint32Array(ROWS * KT).fill(EMPTY_SLOT);
  for (let j = 0; j < ATOMS; j++) {
    padded.set(g.subarray(j * ATOMS, (j + 1) * ATOMS), j * 4 * stride);
  }
  rows.forEach((row, i) => {
    correlations.set(row.correlations, i * 4 * stride);
    row.support.forEach((j, s) => indices[i * KT + SLOT + s] = FIRST + j);
  });
  const buffers = {
    A: bench.buffer(correlations),
    G: bench.matrix(shape, padded),
    energies: bench.buffer(
      Float32Array.from(rows.flatMap(({ energy }) => [energy, energy])),
    ),
    indices: bench.buffer(indices),
    factors: bench.buffer(groups * 2 * K * (K + 1)),
  };
  const group = { atoms: ATOMS, sparsity: K, layout: { stride }, gram: shape };
  await bench.run(
    swapKernel(bench.context, group, {
      method: "omp",
      sparsity: KT,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    }),
    buffers,
    {
      rows: ROWS,
      begin: 0,
      row: 0,
      slot: SLOT,
      atom: FIRST,
      passes: PASSES,
      scratch: ROWS,
    },
    groups,
  );
  return await bench.words(buffers.indices, ROWS * KT);
}

Deno.test("swap.wgsl exchanges the atoms that the oracle exchanges", async () => {
  const drawn = drawRows();
  const expected = drawn.rows.map(({ correlations, energy, support }) => {
    const refined = support.slice();
    new Refinement(drawn.g, ATOMS, {
      sparsity: K,
      passes: PASSES,
      nonnegative: false,
    }).run(Float64Array.from(correlations), energy, refined);
    return [...refined];
  });
  const changed = drawn.rows.filter(({ support }, i) =>
    support.join() !== expected[i].join()
  );
  assert(changed.length > ROWS / 4);
  await onDevice(async (bench) => {
    const { context } = bench;
    const scarce = {
      ...bench,
      context: {
        ...context,
        limits: { ...context.limits, workgroupMemory: 64 },
      },
    };
    for (
      const [where, layout] of [
        [bench, { parts: 1, groups: 16 }],
        [bench, { parts: 2, groups: 7 }],
        [scarce, { parts: 1, groups: 3 }],
      ] as const
    ) {
      const found = await swapOnDevice(where, drawn, layout);
      expected.forEach((support, i) => {
        const own = [...found.subarray(i * KT, (i + 1) * KT)];
        const inside = own.splice(SLOT, K);
        assert(own.every((slot) => slot === EMPTY_SLOT));
        const used = inside.filter((slot) => slot !== EMPTY_SLOT);
        assert.deepEqual(used.map((j) => j - FIRST), support);
      });
    }
  });
});
