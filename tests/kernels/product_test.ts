import assert from "node:assert/strict";
import { productKernel } from "../../src/engine/gpu/stages/correlate.ts";
import { MIRROR_SIDE, mirrorKernel } from "../../src/engine/gpu/stages/gram.ts";
import { randomStream } from "../../src/random.ts";
import { type ProductTile, TUNINGS } from "../../src/engine/gpu/tuning.ts";
import { type Bench, onDevice } from "./harness.ts";

interface Shape {
  rows: number;
  columns: number;
  n4: number;
  /** Where the product begins in C. */
  column: number;
  /** Columns written, zeros beyond the atoms. */
  width: number;
}

const SHAPES: Shape[] = [
  { rows: 1, columns: 1, n4: 1, column: 0, width: 4 },
  { rows: 45, columns: 37, n4: 7, column: 0, width: 40 },
  { rows: 70, columns: 33, n4: 9, column: 4, width: 48 },
  { rows: 33, columns: 65, n4: 3, column: 3, width: 65 },
];

for (const shape of SHAPES) {
  const { rows, columns, n4, column } = shape;
  Deno.test(`product.wgsl multiplies ${rows} rows by ${columns} atoms of ${4 * n4} dimensions at column ${column}`, async () => {
    await onDevice((bench) => multiply(bench, shape));
  });
}

/** Those of every class of adapters, and others between whose threads and passes the ratios differ. */
const TILES: Record<string, ProductTile> = {
  ...Object.fromEntries(
    Object.entries(TUNINGS).map(([kind, { product }]) => [kind, product]),
  ),
  wide: {
    rows: 32,
    columns: 64,
    depth: 16,
    threadRows: 4,
    threadColumns: 16,
  },
  shallow: {
    rows: 16,
    columns: 32,
    depth: 4,
    threadRows: 8,
    threadColumns: 4,
  },
};

for (const [name, product] of Object.entries(TILES)) {
  Deno.test(`product.wgsl multiplies in tiles: ${name}`, async () => {
    await onDevice(async (bench) => {
      const tuning = { ...bench.context.tuning, product };
      const tiled = { ...bench, context: { ...bench.context, tuning } };
      const { rows, columns } = product;
      await multiply(tiled, {
        rows: rows + 3,
        columns: columns + 2,
        n4: 9,
        column: 4,
        width: columns + 4,
      });
    });
  });
}

async function multiply(
  bench: Bench,
  { rows, columns, n4, column, width }: Shape,
): Promise<void> {
  const random = randomStream(2, "product", rows);
  const draw = (count: number) =>
    new Float32Array(count).map(() => random.normal());
  const n = 4 * n4, stride = 4 * Math.ceil((column + width) / 4);
  const x = draw((rows + 2) * n), z = draw((columns + 3) * n);
  const before = draw((rows + 1) * stride);
  const c = bench.buffer(before);
  const tile = bench.context.tuning.product;
  const aligned = column % 4 === 0 && width % 4 === 0;
  await bench.run(
    productKernel(bench.context, n, aligned),
    { X: bench.buffer(x), Z: bench.buffer(z), C: c },
    { rows, columns, width, x: 2, z: 3, row: 1, column, stride, half: 0 },
    [Math.ceil(width / tile.columns), Math.ceil(rows / tile.rows)],
  );
  const got = await bench.floats(c, before.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j++) {
      let exact = 0;
      for (let p = 0; p < n && j < columns; p++) {
        exact += x[(i + 2) * n + p] * z[(j + 3) * n + p];
      }
      const off = Math.abs(got[(i + 1) * stride + column + j] - exact);
      assert(off < 1e-5 * n, `(${i}, ${j}) is off by ${off}`);
    }
    for (let j = 0; j < column; j++) {
      const at = (i + 1) * stride + j;
      assert.equal(got[at], before[at], "columns before are untouched");
    }
  }
  assert.deepEqual(got.subarray(0, stride), before.subarray(0, stride));
}

Deno.test("product.wgsl and mirror.wgsl make a symmetric Gram from half of it", async () => {
  await onDevice(async (bench) => {
    const atoms = 75, n = 12, stride = 80;
    const random = randomStream(3, "gram");
    const d = new Float32Array(atoms * n).map(() => random.normal());
    const dictionary = bench.buffer(d), c = bench.buffer(4 * atoms * stride);
    const tile = bench.context.tuning.product;
    await bench.run(
      productKernel(bench.context, n, true),
      { X: dictionary, Z: dictionary, C: c },
      {
        rows: atoms,
        columns: atoms,
        width: stride,
        x: 0,
        z: 0,
        row: 0,
        column: 0,
        stride,
        half: 1,
      },
      [Math.ceil(stride / tile.columns), Math.ceil(atoms / tile.rows)],
    );
    const tiles = Math.ceil(atoms / MIRROR_SIDE);
    await bench.run(mirrorKernel(), { G: c }, { atoms, stride }, [
      tiles,
      tiles,
    ]);
    const got = await bench.floats(c, atoms * stride);
    for (let i = 0; i < atoms; i++) {
      for (let j = 0; j < stride; j++) {
        let exact = 0;
        for (let p = 0; p < n && j < atoms; p++) {
          exact += d[i * n + p] * d[j * n + p];
        }
        assert(
          Math.abs(got[i * stride + j] - exact) < 1e-5 * n,
          `(${i}, ${j})`,
        );
      }
    }
  });
});
