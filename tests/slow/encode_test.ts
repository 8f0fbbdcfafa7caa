import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { join } from "node:path";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { encode, encodeRows } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { makeModel, makeRows } from "../model/models.ts";
import { CPU, SAMPLE } from "../use/helpers.ts";

Deno.test("encode() of 20 000 rows of 512 dimensions writes the library's codes, every one", async () => {
  await inDirectory(async (directory) => {
    const model = makeModel({ width: 512, atoms: 600 });
    const source = rowsFromArray(makeRows(model, 20_000, 0.02), 512);
    const out = join(directory, "codes.parquet");
    await encode(model, source, { out, ...CPU });
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const stored = await connection.runAndReadAll(
      `select unnest(indices) as atom, unnest(values) as value, residual
       from '${out}' order by "row"`,
    );
    const [atoms, values, residuals] = stored.getColumns();
    let at = 0;
    for await (const { codes } of encodeRows(model, source, CPU)) {
      assert.equal(codes.sparsity, 3);
      for (let slot = 0; slot < codes.indices.length; slot++, at++) {
        assert.equal(atoms[at], codes.indices[slot]);
        assert.equal(values[at], codes.values[slot]);
        assert.equal(residuals[at], codes.residual[Math.floor(slot / 3)]);
      }
    }
    assert.equal(at, 60_000);
    connection.closeSync();
    instance.closeSync();
  });
});

/** Peak memory in MiB of a process that encodes the sample's 10 000 rows again and again. */
async function peakMemory(
  rows: number,
  out: string,
  keep: string[],
): Promise<number> {
  const script = `
    import { encode } from "./src/use/encode.ts";
    import { openRows } from "./src/rows/open.ts";
    import { createReferenceEngine } from "./src/engine/reference.ts";
    import { makeModel } from "./tests/model/models.ts";
    const source = await openRows(Array(${rows / 10_000}).fill(${
    JSON.stringify(SAMPLE)
  }));
    const model = makeModel({ width: source.width, atoms: 64 });
    const { rows } = await encode(model, source, {
      out: ${JSON.stringify(out)}, keep: ${JSON.stringify(keep)},
      createEngine: createReferenceEngine,
    });
    await source.close();
    const status = await Deno.readTextFile("/proc/self/status");
    console.log(rows, /VmHWM:\\s*(\\d+)/.exec(status)[1]);`;
  const root = new URL("../..", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", script],
    cwd: root,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const [coded, kilobytes] = new TextDecoder().decode(stdout).split(" ");
  assert.equal(Number(coded), rows);
  return Number(kilobytes) / 1024;
}

// By then, what the garbage collector leaves lying has come to its full size.
const ROWS = { some: 400_000, more: 800_000 };

for (const keep of [[], ["word"]]) {
  const keeping = keep.length > 0 ? ", keeping a column," : "";
  Deno.test(`encode()${keeping} takes no more memory for 800 000 rows than for 400 000, within 100 MiB`, async () => {
    await inDirectory(async (directory) => {
      const out = (name: string) => join(directory, name);
      const some = await peakMemory(ROWS.some, out("some.parquet"), keep);
      const more = await peakMemory(ROWS.more, out("more.parquet"), keep);
      console.log(`peak ${some.toFixed()} MiB and ${more.toFixed()} MiB`);
      assert.ok(more - some < 100, `${some} MiB grew to ${more} MiB`);
      assert.ok(more < 500, `${more} MiB`);
    });
  });
}
