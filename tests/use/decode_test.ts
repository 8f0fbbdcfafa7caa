import assert from "node:assert/strict";
import { join } from "node:path";
import { DbksvdError } from "../../src/errors.ts";
import { reconstruct } from "../../src/model/reconstruct.ts";
import { randomStream } from "../../src/random.ts";
import { openRows } from "../../src/rows/open.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { CPU, SAMPLE, smallProblem } from "./helpers.ts";
import { libraryCodes, query } from "./coded.ts";

Deno.test("decode() gives the library's reconstruction, from sparse and from dense codes", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(300);
    const expected = (await libraryCodes(model, source))
      .map((codes) => reconstruct(model, codes))[0];
    for (const dense of [false, true]) {
      const codes = join(directory, `codes-${dense}.parquet`);
      const out = join(directory, `rows-${dense}.parquet`);
      await encode(model, source, { out: codes, dense, ...CPU });
      const result = await decode(model, codes, { out });
      assert.equal(result.rows, 300);
      const back = await openRows(out);
      const rows = await back.read({ start: 0, end: 300 });
      await back.close();
      const worst = rows.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - expected[i])),
        0,
      );
      // Dense codes are summed in the order of atoms: the last bit may differ.
      assert.ok(worst <= (dense ? 1e-6 : 0), `off by ${worst}`);
    }
    const stranger = makeModel({ width: 12, atoms: 23 });
    const out = join(directory, "rows.parquet");
    await assert.rejects(
      decode(stranger, join(directory, "codes-false.parquet"), { out }),
      /another dictionary/,
    );
    await Deno.writeTextFile(join(directory, "x.parquet"), "no Parquet at all");
    await assert.rejects(
      decode(model, join(directory, "x.parquet"), { out }),
      /not Parquet/,
    );
    await assert.rejects(decode(model, SAMPLE, { out }), /Not a file of codes/);
  });
});

Deno.test("decode() takes codes that another tool has rewritten", async () => {
  await inDirectory(async (directory) => {
    const { model, data, source } = smallProblem(300);
    data.set(model.mean, 7 * model.width);
    const codes = join(directory, "codes.parquet");
    await encode(model, source, { out: codes, ...CPU });
    const copy = join(directory, "copy.parquet");
    await query(
      `copy (select values, "row", indices from '${codes}' where "row" % 3 = 1)
       to '${copy}' (format parquet, compression gzip, row_group_size 2048)`,
    );
    const out = join(directory, "rows.parquet");
    assert.equal((await decode(model, copy, { out })).rows, 100);
    const [library] = await libraryCodes(model, source);
    const expected = reconstruct(model, library);
    const rows = await query(`select "row", embedding from '${out}'`);
    rows.forEach(({ row, embedding }, i) => {
      assert.equal(row, String(3 * i + 1));
      const from = Number(row) * model.width;
      assert.deepEqual(embedding, [
        ...expected.subarray(from, from + model.width),
      ]);
    });
  });
});

Deno.test("decode() answers damaged files with a data error or rows, soon", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(100);
    const codes = join(directory, "codes.parquet");
    await encode(model, source, { out: codes, compression: "none", ...CPU });
    const bytes = await Deno.readFile(codes);
    const random = randomStream(9, "damage");
    const outcomes = { rows: 0, refused: 0 };
    for (let run = 0; run < 300; run++) {
      const damaged = bytes.slice();
      for (let edits = 1 + random.integer(3); edits > 0; edits--) {
        damaged[random.integer(damaged.length)] = random.integer(256);
      }
      await Deno.writeFile(codes, damaged);
      try {
        await decode(model, codes, { out: join(directory, "rows.parquet") });
        outcomes.rows++;
      } catch (error) {
        assert.ok(
          error instanceof DbksvdError && error.kind === "data",
          String(error),
        );
        outcomes.refused++;
      }
    }
    assert.ok(outcomes.rows > 0 && outcomes.refused > 0);
  });
});
