import assert from "node:assert/strict";
import { join } from "node:path";
import { runPipeline } from "../../src/pipeline/run.ts";
import { pipelineStatus } from "../../src/pipeline/status.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(3);

Deno.test("what a pattern matches and cannot be taken is reported, and keeps no sound file back", async () => {
  await using pipeline = await TestPipeline.create({
    inputs: [{ input: "in/*.parquet", optional: true }],
  });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  await Deno.symlink("circle.parquet", pipeline.input("circle.parquet"));
  await Deno.symlink("nowhere", pipeline.input("dangling.parquet"));
  await Deno.mkdir(pipeline.input("spark.parquet"));
  writeDrop(pipeline.input("spark.parquet/part-0"), data.drop(1, 600));
  await new Deno.Command("mkfifo", { args: [pipeline.input("pipe.parquet")] })
    .output();
  const run = await pipeline.run();
  assert.deepEqual(run.files.taken, ["in/a.parquet"]);
  assert.equal(run.outcome, "promoted");
  assert.equal(run.exitCode, 3);
  const missing = run.files.missing.map(({ path, kind, reason }) =>
    `${kind} ${path} ${reason}`
  );
  assert.deepEqual(missing, [
    "nothing in/circle.parquet is a link that leads to no file",
    "nothing in/dangling.parquet is a link that leads to no file",
    "nothing in/pipe.parquet is no file, but a pipe",
    "nothing in/spark.parquet is a folder: name in/spark.parquet/*",
  ]);
});

Deno.test("brackets in the names of folders and files are no patterns where there are such", async () => {
  await using pipeline = await TestPipeline.create({});
  const folder = join(pipeline.folder, "site [1] {a,b}");
  await Deno.mkdir(join(folder, "in"), { recursive: true });
  writeDrop(join(folder, "in", "a[0].parquet"), data.drop(0, 600));
  writeDrop(join(folder, "in", "b.parquet"), data.drop(1, 600));
  const inputs = ["in/a[0].parquet", "in/b*", "in"];
  const run = await runPipeline({ ...pipeline.config, inputs, root: "pipe" }, {
    base: folder,
  });
  assert.deepEqual(run.files.taken, ["in/a[0].parquet", "in/b.parquet"]);
  assert.deepEqual(run.files.missing, []);
  assert.equal(run.exitCode, 0);
});

Deno.test({
  name:
    "a folder that may not be read is an input that cannot be asked now, whichever way it is named",
  // Root may read everything.
  ignore: Deno.uid() === 0,
  fn: async () => {
    await using pipeline = await TestPipeline.create({
      inputs: ["in", "in/**/*.parquet", "shut/*.parquet", "*/a.parquet"],
    });
    writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
    const shut = [pipeline.input("sub"), join(pipeline.folder, "shut")];
    for (const path of shut) await Deno.mkdir(path, { mode: 0 });
    const run = await pipeline.run();
    const { missing } = await pipelineStatus(pipeline.config, {
      base: pipeline.folder,
    });
    // Before anything is asserted: what cannot be read cannot be removed either.
    for (const path of shut) await Deno.chmod(path, 0o700);
    assert.deepEqual(run.files.taken, ["in/a.parquet"]);
    assert.equal(run.exitCode, 1);
    assert.deepEqual(missing.map(({ path, kind }) => [path, kind]), [
      ["in/sub", "unreachable"],
      ["shut", "unreachable"],
      ["shut/*.parquet", "unreachable"],
    ]);
  },
});
