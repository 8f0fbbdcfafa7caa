import assert from "node:assert/strict";
import { join } from "node:path";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { openCodes } from "../../src/use/codes_reader.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { encodeTogether, partName } from "../../src/use/encode_together.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";

const WIDTH = 10;
const { data } = plantRows({
  rows: 403,
  width: WIDTH,
  atoms: 20,
  sparsity: 2,
  noise: 0.1,
});
const source = () => rowsFromArray(data, WIDTH);
const run = { createEngine: createReferenceEngine };
const { model } = await train(
  source(),
  { atoms: 20, sparsity: 3, matryoshka: [8, 12], passes: 2, normCap: 1.2 },
  run,
);

async function codesIn(path: string) {
  const reader = await openCodes(path, model);
  const rows: number[] = [], values: number[] = [];
  for await (const { codes, rowNumbers } of reader.batches()) {
    rows.push(...[...rowNumbers].map(Number));
    values.push(...codes.values.subarray(0, codes.rows * codes.sparsity));
  }
  reader.close();
  return { rows, values, counted: reader.rows };
}

Deno.test("ranks code a part each, which are read as one file's codes", async () => {
  const folder = await Deno.makeTempDir();
  const whole = join(folder, "whole.parquet"), out = join(folder, "parts");
  const alone = await encode(model, source(), { ...run, out: whole });
  const all = await Promise.all(
    inProcessGroup(3).map((group) =>
      encodeTogether(model, source(), { ...run, out }, group)
    ),
  );
  for (const done of all) {
    assert.deepEqual([done.rows, done.out], [alone.rows, out]);
  }
  assert.deepEqual(await codesIn(out), await codesIn(whole));
  const rows = join(folder, "rows.parquet");
  const decoded = await decode(model, out, { out: rows });
  assert.equal(decoded.rows, alone.rows);
  const [two] = inProcessGroup(2);
  await assert.rejects(
    encodeTogether(model, source(), { ...run, out }, two),
    /holds codes in 3 parts/,
  );
  // As a killed encoding leaves it: one part is another dictionary's, another coder's, or of other rows.
  const middle = join(out, partName(1, 3));
  const other = { ...model, dictionary: model.dictionary.map((x) => -x) };
  const coder = { ...model, coder: { ...model.coder, sparsity: 2 } };
  const half = rowsFromArray(data.subarray(0, 200 * WIDTH), WIDTH);
  const mixed = [
    [other, source(), /first part's in "dictionary"/],
    [coder, source(), /first part's in "coder"/],
    [model, half, /first part's in "inputs"/],
  ] as const;
  for (const [of, rows, message] of mixed) {
    await encode(of, rows, { ...run, out: middle, overwrite: true });
    await assert.rejects(openCodes(out, model), { kind: "data", message });
  }
  await Deno.remove(middle);
  await assert.rejects(openCodes(out, model), /2 of 3 parts/);
});

Deno.test("ranks measure their rows, and all have the metrics of all rows", async () => {
  const alone = await evaluate(model, source(), run);
  const all = await Promise.all(
    inProcessGroup(3).map((group) =>
      evaluate(model, source(), { ...run, group })
    ),
  );
  for (const found of all) {
    assert.equal(found.rows, 403);
    assert.deepEqual(found.distributions, alone.distributions);
    assert.deepEqual(found.use.rows, alone.use.rows);
    const numbers = found.metrics as unknown as Record<string, number>;
    for (const [name, value] of Object.entries(alone.metrics)) {
      if (typeof value !== "number") continue;
      const off = Math.abs(numbers[name] - value);
      assert(off <= 1e-9 * Math.abs(value), `${name} is ${off} off`);
    }
    assert.equal(found.metrics.prefixes?.length, 2);
  }
  assert(alone.metrics.capped_rows! > 0);
});
