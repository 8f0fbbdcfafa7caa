import assert from "node:assert/strict";
import { join } from "node:path";
import { textsOf } from "../../src/inspection/row_texts.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { sql } from "../rows/writers.ts";

Deno.test("textsOf() shows times, decimals, JSON and unmarked text as they are read", () =>
  inDirectory(async (directory) => {
    const file = join(directory, "rows.parquet");
    const columns: Record<string, [string, string]> = {
      time: ["TIMESTAMP '2024-01-02 03:04:05'", "2024-01-02T03:04:05.000Z"],
      decimal: ["1.25::DECIMAL(9,2)", "1.25"],
      json: [`'{"a": 1}'::JSON`, '{"a":1}'],
      unmarked: ["'abc'::BLOB", "abc"],
    };
    const made = Object.entries(columns).map(([n, [v]]) => `${v} as "${n}"`);
    await sql(`copy (select [1, 2]::float[] as v, ${made.join(", ")})
      to '${file}'`);
    await using source = await openRows(file, { column: "v" });
    for (const [column, [, text]] of Object.entries(columns)) {
      const [found] = await textsOf(source, { column }, Float64Array.of(0));
      assert.equal(found.text, text, column);
    }
  }));
