import assert from "node:assert/strict";
import { join } from "node:path";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { CodeSpool } from "../../src/inspection/neuronpedia/code_spool.ts";
import { inDirectory, namesIn } from "../directories.ts";

Deno.test("spooled codes are found by row, those of rows that were left out as none", async () => {
  await inDirectory(async (folder) => {
    const spool = new CodeSpool(join(folder, "codes"), 3);
    const add = (numbers: number[]) =>
      spool.add({
        rows: numbers.length,
        sparsity: 2,
        indices: Uint32Array.from(numbers.flatMap((row) => [row, EMPTY_SLOT])),
        values: Float32Array.from(numbers.flatMap((row) => [row + 0.5, 9])),
        residual: new Float32Array(numbers.length),
      }, Float64Array.from(numbers));
    add([0, 1, 4, 5]);
    add([9, 10]);
    const all = [...spool.all()];
    assert.equal(all.length, 1);
    assert.deepEqual([all[0].first, all[0].codes.rows], [0, 11]);
    for (let row = 0; row < 12; row++) {
      const there = [0, 1, 4, 5, 9, 10].includes(row);
      assert.deepEqual([...spool.valuesOf(row, row, row + 1)], [
        there ? row + 0.5 : 0,
      ]);
      assert.deepEqual([...spool.valuesOf(99, row, row + 1)], [0]);
    }
    spool.close();
    assert.deepEqual(await namesIn(folder), []);
  });
});
