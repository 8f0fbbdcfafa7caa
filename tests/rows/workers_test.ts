import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { DbksvdError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import { chooseRows } from "../../src/rows/row_set.ts";
import { rowsFrom } from "../../src/rows/iterable.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { DecodePool } from "../../src/rows/workers/pool.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { delivered, rowsOf, withRows } from "./files.ts";
import { asRows, someNumbers, sql, writeHyparquet } from "./writers.ts";

const WIDTH = 24;
const rows = asRows(someNumbers(3000 * WIDTH), WIDTH);

async function withFiles(test: (directory: string) => Promise<void>) {
  await inDirectory(async (directory) => {
    const options = { codec: "SNAPPY", pageSize: 4000, rowGroupSize: 700 };
    writeHyparquet(`${directory}/a.parquet`, rows.slice(0, 1900), options);
    writeHyparquet(`${directory}/b.parquet`, rows.slice(1900), options);
    await test(directory);
  });
}

Deno.test("Any number of workers delivers what this thread delivers, in its order", () =>
  withFiles(async (directory) => {
    const held = chooseRows(3000, 300, randomStream(0, "held"));
    const range = { start: 111, end: 2900 };
    const deliveries = [
      {},
      { range },
      { skipRows: 1234 },
      { except: held, skipRows: 100 },
      { only: held },
      { shuffleSeed: 3 },
      { shuffleSeed: 3, except: held, range, skipRows: 500 },
    ];
    const read = (decodeWorkers: number) =>
      withRows(directory, { decodeWorkers }, async (source) => {
        const all = [];
        for (const options of deliveries) {
          for (const size of [1000, [7, 800, 64]]) {
            all.push(await delivered(source, size, options));
          }
        }
        return all;
      });
    const alone = await read(0);
    assert.deepEqual(alone[0].values, rows);
    for (const workers of [1, 3]) assert.deepEqual(await read(workers), alone);
  }));

Deno.test("A delivery can be left early, or aborted, and the source goes on", () =>
  withFiles(async (directory) => {
    for (const decodeWorkers of [0, 2]) {
      await withRows(directory, { decodeWorkers }, async (source) => {
        for await (const batch of source.batches(500)) {
          assert.equal(batch.rows, 500);
          break;
        }
        const abort = new AbortController();
        const reason = new Error("enough");
        await assert.rejects(async () => {
          const options = { signal: abort.signal };
          for await (const _ of source.batches(500, options)) {
            abort.abort(reason);
          }
        }, reason);
        assert.deepEqual((await delivered(source, 500)).values, rows);
      });
    }
  }));

Deno.test("DecodePool tells a job's error, and refuses jobs once it is closed", async () => {
  const pool = new DecodePool(1);
  const request = () => ({
    jobs: [{
      spec: { columns: [], width: 1, startRow: 0, endRow: 1 },
      from: { path: "/nowhere.parquet" },
      slices: [{ rows: 1, buffer: 0, at: 0 }],
    }],
    buffers: [new Float32Array(1)],
  });
  const { outcomes: [outcome], buffers } = await pool.run(request());
  assert.ok("error" in outcome && outcome.kind === "data");
  assert.match(outcome.error, /File not found/);
  assert.deepEqual(buffers, [new Float32Array(1)]);
  const left = Array.from({ length: 9 }, () => pool.run(request()));
  pool.close();
  for (const run of [...left, pool.run(request())]) {
    await assert.rejects(run, /source of rows is closed/);
  }
});

Deno.test("A consumer may transfer a batch's buffer", () =>
  withFiles((directory) =>
    withRows(directory, { decodeWorkers: 1 }, async (source) => {
      let values = 0;
      for await (const { data } of source.batches(250)) {
        values += structuredClone(data, { transfer: [data.buffer] }).length;
        assert.equal(data.length, 0);
      }
      assert.equal(values, rows.length * WIDTH);
    })
  ));

Deno.test("Batches given back change nothing but where later rows lie", () =>
  withFiles(async (directory) => {
    for (const decodeWorkers of [0, 1, 2]) {
      for (const options of [{}, { shuffleSeed: 3 }, { skipRows: 7 }]) {
        for (const size of [[7, 800, 64], [4000], [2600, 100]]) {
          await withRows(directory, { decodeWorkers }, async (source) => {
            const kept = await delivered(source, size, options);
            const values: number[][] = [];
            for await (const batch of source.batches(size, options)) {
              for (let i = 0; i < batch.rows; i++) {
                const at = i * WIDTH;
                values.push([...batch.data.subarray(at, at + WIDTH)]);
              }
              batch.release?.();
              batch.release?.();
            }
            assert.deepEqual(values, kept.values);
          });
        }
      }
    }
  }));

Deno.test("Small budgets are kept to: pages beyond them are refused", () =>
  withFiles(async (directory) => {
    const tight = { memoryBudget: 3 * 20_000 };
    assert.deepEqual(
      (await rowsOf(directory, { ...tight, decodeWorkers: 1 })).values,
      rows,
    );
    await assert.rejects(
      rowsOf(directory, { memoryBudget: 3 * 2000 }),
      (error: DbksvdError) =>
        /beyond the memory budget|more than the memory budget/.test(
          error.message,
        ),
    );
  }));

Deno.test("Workers begin where they pay, and a program that forgets close() ends", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    await sql(
      `COPY (SELECT [i, i + 1, i + 2, i + 3]::FLOAT[] AS v FROM range(50000) t(i)) TO '${file}' (FORMAT parquet, COMPRESSION zstd)`,
    );
    const root = new URL("../../", import.meta.url);
    const program = `
      const started = [];
      globalThis.Worker = class extends Worker {
        constructor(...args) { super(...args); started.push(1); }
      };
      const { openRows } = await import("${root}src/rows/open.ts");
      const rows = await openRows(Deno.args[0], Deno.args[1] ? { decodeWorkers: 2 } : {});
      const read = async () => { for await (const _ of rows.batches(4096)); };
      await read();
      console.log(started.length);
      for (let i = 0; i < (Deno.args[1] ? 3 : 0); i++) await read();
      console.log(started.length);`;
    for (const workers of [[], ["2"]]) {
      const { stdout, stderr, success } = await new Deno.Command(
        Deno.execPath(),
        {
          args: ["eval", program, file, ...workers],
          cwd: fileURLToPath(root),
        },
      ).output();
      assert(success, new TextDecoder().decode(stderr));
      const [first, last] = new TextDecoder().decode(stdout).trim().split("\n")
        .map(Number);
      assert.equal(first > 0, workers.length > 0);
      // At most those asked for: reads go on with the workers of the one before.
      assert(last >= first && last <= 2, `${first}, then ${last}`);
    }
  }));

Deno.test("A source is closed at the end of an await using", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/rows.f32`;
    await Deno.writeFile(file, new Uint8Array(16));
    const spooled: string[] = [];
    {
      await using source: RowSource = await rowsFrom(
        [new Float32Array(2 ** 24 + 2)],
        { width: 2, spoolDir: directory },
      );
      assert.equal((await source.read({ start: 0, end: 2 })).length, 4);
      spooled.push(...await namesIn(directory));
    }
    assert.equal(spooled.length, 2);
    assert.deepEqual(await namesIn(directory), ["rows.f32"]);
  }));
