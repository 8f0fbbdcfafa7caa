import assert from "node:assert/strict";
import { benchRows } from "../../src/bench/rows.ts";
import { inDirectory } from "../directories.ts";
import { asRows, someNumbers, writeHyparquet } from "./writers.ts";

Deno.test("benchRows() measures a file for every number of workers, beside hyparquet", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/a.parquet`;
    writeHyparquet(file, asRows(someNumbers(500 * 32), 32), {});
    const { files } = await benchRows([file], {
      workers: [0, 2],
      repeats: 1,
      runSeconds: 0.05,
    });
    assert.deepEqual(files.map(({ workers }) => workers), [0, 2]);
    for (const measured of files) {
      assert.equal(measured.file, file);
      assert.deepEqual([measured.rows, measured.width], [500, 32]);
      assert.ok(measured.megabytesPerSecond > 0);
      assert.ok(measured.keptMegabytesPerSecond > 0);
      assert.ok(measured.baselineMegabytesPerSecond > 0);
      const { megabytesPerSecond } = measured;
      const ratios = [
        [measured.overBaseline, measured.baselineMegabytesPerSecond],
        [measured.overFileStream, measured.fileStreamMegabytesPerSecond],
        [measured.overFileFastest, measured.fileFastestMegabytesPerSecond],
      ];
      for (const [ratio, other] of ratios) {
        assert.ok(other > 0);
        assert.equal(ratio, megabytesPerSecond / other);
      }
    }
  }));
