import assert from "node:assert/strict";
import { EMPTY_SLOT, type EngineSpec } from "../../src/engine/engine.ts";
import { unitRows } from "../gpu/planted.ts";
import { supportOf } from "./codes.ts";
import { normals } from "./coding_checks.ts";
import { encodedBy, type EngineUnderTest, plainSpec } from "./engines.ts";
import { randomValues } from "./planted.ts";

/** Coding by nested groups of atoms. */
export function nestedSuite(engine: EngineUnderTest): void {
  const test = (name: string, body: () => Promise<void>) =>
    Deno.test(`${engine.name} engine: ${name}`, body);

  const codes = (
    spec: EngineSpec,
    dictionary: Float32Array,
    data: Float32Array<ArrayBuffer>,
  ) => encodedBy(engine, spec, dictionary, data);

  test("later groups leave rows alone that earlier ones explain", async () => {
    const sizes = { width: 20, atoms: 30, rows: 12, sparsity: 6 };
    const dictionary = unitRows(30, 20, normals("explained"));
    const data = new Float32Array(12 * 20).map((_, i) =>
      3 * dictionary[Math.floor(i / 20) % 10 * 20 + i % 20]
    );
    for (const method of ["omp", "mp"] as const) {
      const found = await codes(
        plainSpec(sizes, { groups: [10, 20], coder: { method } }),
        dictionary,
        data,
      );
      for (let i = 0; i < 12; i++) {
        assert.deepEqual(supportOf(found, i), [i % 10]);
      }
    }
  });

  test("codes of a group never depend on later groups", async () => {
    const sizes = { width: 31, atoms: 64, rows: 203, sparsity: 7 };
    const dictionary = unitRows(64, 31, normals("nested"));
    const data = randomValues(sizes.rows * 31, "nested rows");
    const whole = await codes(
      plainSpec(sizes, { groups: [16, 16, 32] }),
      dictionary,
      data,
    );
    // Of 7 nonzeros the groups of 16, 16 and 32 get 2, 2 and 3.
    const prefix = await codes(
      plainSpec({ ...sizes, atoms: 32, sparsity: 4 }, { groups: [16, 16] }),
      dictionary.slice(0, 32 * 31),
      data,
    );
    for (let i = 0; i < sizes.rows; i++) {
      assert.deepEqual(
        whole.indices.subarray(7 * i, 7 * i + 4),
        prefix.indices.subarray(4 * i, 4 * i + 4),
      );
      assert.deepEqual(
        whole.values.subarray(7 * i, 7 * i + 4),
        prefix.values.subarray(4 * i, 4 * i + 4),
      );
      const last = whole.indices.subarray(7 * i + 4, 7 * i + 7);
      assert(last.every((j) => j === EMPTY_SLOT || j >= 32));
    }
  });
}
