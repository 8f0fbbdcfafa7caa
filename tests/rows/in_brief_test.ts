import assert from "node:assert/strict";
import { rowsInBrief } from "../../src/rows/in_brief.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";

Deno.test("rowsInBrief() tells other numbers, widths and values of rows apart, not where they lie", async () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => i);
  const rows = rowsFromArray(values, 4);
  const brief = await rowsInBrief(rows);
  const files = rows.files.map((file) => ({ ...file, path: "elsewhere" }));
  assert.deepEqual(await rowsInBrief({ ...rows, files }), brief);
  const other = values.slice();
  other[23] = 0;
  for (
    const [data, width] of [[values, 3], [values.slice(4), 4], [
      other,
      4,
    ]] as const
  ) {
    assert.notDeepEqual(await rowsInBrief(rowsFromArray(data, width)), brief);
  }
});
