import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { fuzz } from "./fuzz/run.ts";

Deno.test("Damaged files are refused, or read as hyparquet reads them", () =>
  inDirectory(async (directory) => {
    const report = await fuzz(1000, 7, directory);
    assert.deepEqual(report.failures, []);
    // Damage that hyparquet cannot judge is rare.
    assert.ok(report.unjudged.length < 5, JSON.stringify(report.unjudged));
    const counts = (kind: "bytes" | "structure") =>
      Object.values(report[kind]).reduce((sum, count) => sum + count, 0);
    assert.equal(counts("bytes") + counts("structure"), 1000);
    assert.ok(counts("structure") >= 500);
    // Damage does find its way into files, and some of it does no harm.
    assert.ok((report.structure.refused ?? 0) > 100);
    assert.ok((report.structure.unharmed ?? 0) > 10);
  }));

Deno.test("Damaged files' other columns are refused, or read as hyparquet reads them", () =>
  inDirectory(async (directory) => {
    const report = await fuzz(600, 5, directory, 0, "columns");
    assert.deepEqual(report.failures, []);
    assert.ok((report.structure.refused ?? 0) > 50);
    assert.ok((report.structure.unharmed ?? 0) > 10);
    // No size in a file is taken for what to allocate.
    assert.ok(report.peakBytes < 2 ** 30, `${report.peakBytes} bytes`);
  }));
