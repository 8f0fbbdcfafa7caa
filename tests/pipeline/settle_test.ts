import assert from "node:assert/strict";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(4);

function age(path: string, seconds: number) {
  const then = new Date(Date.now() - 1000 * seconds);
  return Deno.utime(path, then, then);
}

Deno.test("files that are still being written are left alone, finished ones beside them are taken", async () => {
  await using pipeline = await TestPipeline.create({ settle: 1 });
  const growing = pipeline.input("growing.parquet");
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  writeDrop(growing, data.drop(1, 600));
  await Deno.copyFile(growing, pipeline.input("b.parquet.tmp"));
  const whole = await Deno.readFile(growing);
  await Deno.writeFile(growing, whole.subarray(0, 9000));
  const first = await pipeline.run({
    log: ({ event }) => {
      // The writer goes on while the run waits.
      if (event !== "files.settling") return;
      Deno.writeFileSync(growing, whole.subarray(9000, 12000), {
        append: true,
      });
    },
  });
  assert.deepEqual(first.files.taken, ["in/a.parquet"]);
  assert.deepEqual(first.files.unsettled, ["in/growing.parquet"]);
  assert.deepEqual(first.files.refused, []);
  assert.equal(first.exitCode, 0);
  await Deno.writeFile(growing, whole);
  await age(growing, 10);
  const second = await pipeline.run();
  assert.deepEqual(second.files.taken, ["in/growing.parquet"]);
  assert.equal(second.rows.new + second.rows.heldOut, 600);
});

Deno.test("a change long after the taking is left to changedFiles, with a word", async () => {
  await using pipeline = await TestPipeline.create({ settle: 1 });
  const path = pipeline.input("a.parquet");
  writeDrop(path, data.drop(0, 600));
  await age(path, 7200);
  await pipeline.run();
  writeDrop(path, data.drop(1, 700));
  await age(path, 3600);
  const run = await pipeline.run();
  assert.deepEqual(run.files.changed, ["in/a.parquet"]);
  assert.deepEqual(run.files.retaken, []);
  assert.deepEqual(run.files.taken, []);
});

Deno.test("a file that was finished after it was taken is taken again", async () => {
  await using pipeline = await TestPipeline.create({ settle: 4 });
  const path = pipeline.input("a.parquet");
  writeDrop(path, data.drop(0, 600));
  await age(path, 60);
  const before = new Date();
  await pipeline.run();
  writeDrop(path, data.drop(0, 900));
  // However long the run took: as if it had been written while it looked.
  await Deno.utime(path, before, before);
  const run = await pipeline.run();
  assert.deepEqual(run.files.taken, ["in/a.parquet"]);
  assert.deepEqual(run.files.retaken, ["in/a.parquet"]);
  assert.equal(run.rows.new + run.rows.heldOut, 900);
});

Deno.test("a file that changes while it is read is left for the next run", async () => {
  await using pipeline = await TestPipeline.create();
  const path = pipeline.input("a.parquet");
  writeDrop(path, data.drop(0, 600));
  const first = await pipeline.run({
    log: ({ event, stage }) => {
      if (event !== "stage.end" || stage !== "scan") return;
      writeDrop(path, data.drop(0, 900));
    },
  });
  assert.deepEqual(first.files.taken, []);
  assert.deepEqual(first.files.unsettled, ["in/a.parquet"]);
  assert.match(first.reason, /still being written/);
  const second = await pipeline.run();
  assert.equal(second.rows.new + second.rows.heldOut, 900);
});
