import assert from "node:assert/strict";
import { requireParquetName } from "../../src/use/output_name.ts";
import { synthesize } from "../../mod.ts";
import { inDirectory, namesIn } from "../directories.ts";

Deno.test("requireParquetName() takes Parquet's endings and none, in any case", () => {
  for (const name of ["c.parquet", "C.PARQUET", "a.b/c.pq", "codes"]) {
    requireParquetName(name, "Codes");
  }
});

Deno.test("a command that writes Parquet writes none into a file that says it is something else", async () => {
  await inDirectory(async (folder) => {
    for (const ending of [".csv", ".npy", ".jsonl", ".parquet.gz"]) {
      await assert.rejects(
        synthesize({
          out: `${folder}/x${ending}`,
          rows: 10,
          width: 4,
          atoms: 4,
          sparsity: 1,
        }),
        { kind: "usage", message: /written as Parquet, not as/ },
      );
    }
    assert.deepEqual(await namesIn(folder), []);
  });
});
