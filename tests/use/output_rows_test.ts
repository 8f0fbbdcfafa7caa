import assert from "node:assert/strict";
import { join } from "node:path";
import { openRows } from "../../src/rows/open.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { encode } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { CPU, smallProblem } from "./helpers.ts";

Deno.test("what was made of other rows of the same files is an output of other inputs", () =>
  inDirectory(async (directory) => {
    const { model, data } = smallProblem(200);
    const rows = join(directory, "rows.f32");
    await Deno.writeFile(rows, new Uint8Array(data.buffer));
    const out = join(directory, "codes.parquet");
    const code = async (reading: OpenRowsOptions = {}) => {
      const { width } = model;
      const source = await openRows(rows, { width, ...reading });
      try {
        await encode(model, source, { out, ...CPU });
      } finally {
        await source.close();
      }
    };
    const taken = (work: Promise<void>) =>
      assert.rejects(work, /an output of other inputs .*--overwrite/);
    await code();
    for (
      const reading of [
        { maxRows: 150 },
        { unitNorm: true },
        { maxNormQuantile: 0.5 },
      ]
    ) {
      await taken(code(reading));
      await Deno.remove(out);
      await code(reading);
      await code(reading);
    }
    await taken(code());
    await Deno.remove(out);
    await code({ maxRows: 200 });
    await code();
  }));
