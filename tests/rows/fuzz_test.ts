import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { fuzz } from "./fuzz.ts";

Deno.test("Damaged files are refused, or read as hyparquet reads them", () =>
  inDirectory(async (directory) => {
    const report = await fuzz(1000, 7, directory);
    assert.deepEqual(report.failures, []);
    const counts = (kind: "bytes" | "structure") =>
      Object.values(report[kind]).reduce((sum, count) => sum + count, 0);
    assert.equal(counts("bytes") + counts("structure"), 1000);
    assert.ok(counts("structure") >= 500);
    // Damage does find its way into files, and some of it does no harm.
    assert.ok((report.structure.refused ?? 0) > 100);
    assert.ok((report.structure.unharmed ?? 0) > 10);
  }));
