// How a pipeline reads its rows, and what becomes of it when its configuration changes.
import assert from "node:assert/strict";
import { sql } from "../rows/writers.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(5);

Deno.test("a refused file is looked at again where other options read it, and only then", async () => {
  await using pipeline = await TestPipeline.create();
  const { config } = pipeline;
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const damaged = data.drop(1, 400);
  damaged[7] = NaN;
  writeDrop(pipeline.input("b.parquet"), damaged);
  const first = await pipeline.run();
  assert.deepEqual(first.files.refused.map(({ path }) => path), [
    "in/b.parquet",
  ]);
  const second = await pipeline.run();
  assert.deepEqual(second.files.refused, []);
  assert.equal(second.reason, "there are no new rows");
  config.train.skipInvalid = true;
  const third = await pipeline.run();
  assert.deepEqual(third.files.taken, ["in/b.parquet"]);
  assert.equal(third.rows.new + third.rows.heldOut, 399);
});

Deno.test("rows that would be read otherwise than those before them are refused", async () => {
  await using pipeline = await TestPipeline.create();
  const { config } = pipeline;
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  await pipeline.run();
  writeDrop(pipeline.input("b.parquet"), data.drop(1, 400));
  const before = { ...config.train };
  const others: [Partial<typeof before>, RegExp][] = [
    [{ unitNorm: true }, /unitNorm is true, .* read with false/],
    [{ skipItems: 1 }, /skipItems is 1, .* read with 0/],
    [{ column: "other" }, /column is other, .* read with embedding/],
  ];
  for (const [change, message] of others) {
    Object.assign(config, { train: { ...before, ...change } });
    await assert.rejects(pipeline.run(), { kind: "usage", message });
  }
  Object.assign(config, { train: { ...before, column: "embedding" } });
  const run = await pipeline.run();
  assert.deepEqual(run.files.taken, ["in/b.parquet"]);
});

Deno.test("a drop of whole numbers after drops of fractions is said", async () => {
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  await pipeline.run();
  await sql(
    `COPY (SELECT list_transform(range(16), lambda x: (x * i % 99)::TINYINT) AS embedding
      FROM range(400) t(i)) TO '${pipeline.input("b.parquet")}'`,
  );
  const events: string[] = [];
  const log = ({ event, path }: { event: string; path?: unknown }) =>
    events.push(`${event} ${path}`);
  await pipeline.run({ log });
  assert(events.includes("file.otherNumbers in/b.parquet"));
});

Deno.test("what begins with _ in a folder is no input, as Spark's unfinished work", async () => {
  await using pipeline = await TestPipeline.create({ inputs: ["in"] });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  writeDrop(pipeline.input("_b.parquet"), data.drop(1, 400));
  await Deno.mkdir(pipeline.input("_temporary/0"), { recursive: true });
  writeDrop(pipeline.input("_temporary/0/c.parquet"), data.drop(2, 400));
  const run = await pipeline.run();
  assert.deepEqual(run.files.taken, ["in/a.parquet"]);
  assert.equal(run.exitCode, 0);
});
