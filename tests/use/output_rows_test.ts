import assert from "node:assert/strict";
import { join } from "node:path";
import { openRows } from "../../src/rows/open.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { encode } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { sql } from "../rows/writers.ts";
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
    await code({ skipInvalid: true });
    await code();
  }));

Deno.test("what was made of another column of the same file is an output of other inputs", () =>
  inDirectory(async (directory) => {
    const { model } = smallProblem(40);
    const rows = join(directory, "rows.parquet");
    await sql(`copy (select
      list_transform(range(12), x -> sin(x * i + 1))::float[12] as a,
      list_transform(range(12), x -> cos(x * i + 1))::float[12] as b,
      from range(40) t(i)) to '${rows}'`);
    const out = join(directory, "codes.parquet");
    const code = async (column: string) => {
      await using source = await openRows(rows, { column });
      await encode(model, source, { out, ...CPU });
    };
    await code("a");
    await code("a");
    await assert.rejects(code("b"), /an output of other inputs .*--overwrite/);
  }));
