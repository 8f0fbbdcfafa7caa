import assert from "node:assert/strict";
import { openRows } from "../../src/rows/open.ts";
import { RowBits } from "../../src/rows/row_set.ts";
import { inDirectory } from "../directories.ts";
import { sql } from "./writers.ts";

Deno.test("rows that are only read beside those asked for do not count as dropped", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    await sql(`copy (select
      case when i % 10 = 3 then null else [i, 1]::float[] end as v
      from range(100) t(i)) to '${file}'`);
    for (const decodeWorkers of [0, 1]) {
      const options = { column: "v", skipInvalid: true, decodeWorkers };
      await using source = await openRows(file, options);
      const asked = new RowBits(100);
      for (const row of [1, 3, 5, 80, 83, 99]) asked.add(row);
      const count = async (options: object, from = source) => {
        let rows = 0;
        for await (const batch of from.batches(16, options)) {
          rows += batch.rows;
        }
        return rows;
      };
      assert.equal(await count({ only: asked }), 4);
      assert.deepEqual(source.dropped, { invalid: 2 });
      assert.equal(await count({ except: asked, shuffleSeed: 1 }), 86);
      assert.deepEqual(source.dropped, { invalid: 10 });
      assert.equal(await count({}), 90);
      assert.deepEqual(source.dropped, { invalid: 10 });

      await using again = await openRows(file, options);
      assert.equal(await count({ except: asked, shuffleSeed: 1 }, again), 86);
      assert.deepEqual(again.dropped, { invalid: 8 });
    }
  }));
