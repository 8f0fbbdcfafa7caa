import assert from "node:assert/strict";
import { join } from "node:path";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import type { RowSource } from "../../src/rows/source.ts";
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
  const [first] = inProcessGroup(2).map((group) =>
    encodeTogether(model, source(), { ...run, out }, group)
  );
  await assert.rejects(first, /holds codes in 3 parts/);
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
  // Codes of one dictionary that somebody put together are of other rows each.
  const both = join(folder, "both");
  await Deno.mkdir(both);
  for (const [i, rows] of [source(), half].entries()) {
    const name = `rows-0000${i}-of-00002.parquet`;
    await encode(model, rows, { ...run, out: join(both, name) });
  }
  const reader = await openCodes(both, model);
  assert.equal(reader.rows, alone.rows + 200);
  assert.equal(reader.description?.files, undefined);
  reader.close();
});

/** What ranks come to, each with a source, a model and options of its own. */
const outcomes = (
  ranks: number,
  given: (
    rank: number,
  ) => [DictionaryModel, RowSource, Parameters<typeof encodeTogether>[2]],
) =>
  Promise.all(
    inProcessGroup(ranks).map((group) =>
      encodeTogether(...given(group.rank), group, 50).then(
        ({ rows }) => String(rows),
        (error: Error) => error.message,
      )
    ),
  );

Deno.test("ranks that do not have the same rows and dictionary code and measure nothing", async () => {
  const out = join(await Deno.makeTempDir(), "parts");
  const fewer = rowsFromArray(data.slice(WIDTH), WIDTH);
  const other = { ...model, dictionary: model.dictionary.toReversed() };
  for (
    const [rows, dictionary, why] of [
      [fewer, model, /^Rank 1 has another number of rows \(402\) than rank 0/],
      [source(), other, /^Rank 1 has another dictionary/],
    ] as const
  ) {
    const coded = await outcomes(2, (rank) => [
      rank === 0 ? model : dictionary,
      rank === 0 ? source() : rows,
      { ...run, out },
    ]);
    for (const one of coded) assert.match(one, why);
    const measured = inProcessGroup(2).map((group) =>
      group.rank === 0
        ? evaluate(model, source(), { ...run, group })
        : evaluate(dictionary, rows, { ...run, group })
    );
    for (const one of await Promise.allSettled(measured)) {
      const { reason } = one as PromiseRejectedResult;
      assert.match(String(reason), /: Rank 1 has another/);
    }
  }
  await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
});

Deno.test("parts that the first rank does not see are no output; an input is not taken away as an old part", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(join(folder, "1"));
  const [apart] = await outcomes(2, (rank) => [
    ...[model, source()] as const,
    { ...run, out: join(folder, String(rank)) },
  ]);
  assert.match(apart, /^Rank 1's part is not to be seen.*share/);
  // A file system may be slow to show it.
  const seen = join(folder, "2");
  await Deno.mkdir(join(folder, "3"));
  const late = inProcessGroup(2).map((group) =>
    encodeTogether(
      ...[model, source()] as const,
      { ...run, out: group.rank === 0 ? seen : join(folder, "3") },
      group,
    )
  );
  const name = partName(1, 2);
  setTimeout(
    () => Deno.copyFile(join(folder, "3", name), join(seen, name)),
    500,
  );
  const [{ rows: coded }] = await Promise.all(late);
  assert.equal(coded, 403);
  const codes = join(folder, "codes.parquet"), rows = join(folder, "rows");
  const input = join(rows, partName(0, 1));
  await encode(model, source(), { ...run, out: codes });
  await Deno.mkdir(rows);
  await decode(model, codes, { out: input });
  await using inputs = await openRows(input);
  const refused = await outcomes(2, () => [
    ...[model, inputs] as const,
    { ...run, out: rows, overwrite: true },
  ]);
  for (const one of refused) assert.match(one, /would replace an input/);
  await Deno.stat(input);
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
