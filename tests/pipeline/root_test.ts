// What lies in a pipeline's root and is not the pipeline's own.
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { exists } from "../../src/files/atomic.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(7);

async function put(path: string): Promise<string> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, "somebody's");
  return path;
}

Deno.test("a pipeline does not begin in a root whose folders hold something else, and touches none of it", async () => {
  for (const name of ["work/thesis.txt", "versions/mine/a.txt", "pending/b"]) {
    await using pipeline = await TestPipeline.create();
    writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
    const file = await put(pipeline.root(name));
    await assert.rejects(pipeline.run(), {
      kind: "usage",
      message: /root holds something, but no pipeline\.sqlite/,
    });
    assert(await exists(file), name);
    assert(!await exists(pipeline.root("pipeline.sqlite")));
  }
});

Deno.test("a pipeline begins where its folders hold what git, or a file system, puts there", async () => {
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const files = ["versions/.gitkeep", "work/lost+found/a", "pending/.nfs01"];
  for (const name of files) await put(pipeline.root(name));
  const { outcome } = await pipeline.run();
  assert.equal(outcome, "promoted");
  for (const name of files) assert(await exists(pipeline.root(name)), name);
});

Deno.test("a pipeline that has lost its database is not cleared away", async () => {
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const { version } = await pipeline.run();
  await Deno.remove(pipeline.root("pipeline.sqlite"));
  await assert.rejects(pipeline.run(), { kind: "usage" });
  assert(await exists(pipeline.root("versions", version!)));
});

Deno.test("what a killed run left under the root is cleared away, what somebody put there is not", async () => {
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  await pipeline.run();
  const theirs = ["versions/v000001-best/a.txt", "work/notes.md", ".x.tmp"];
  const left = [
    "versions/v000099/config.json",
    "versions/.v000099.0123abcd.tmp/config.json",
    "held-out/000099.f32",
    "reservoir/000099.f32",
    "pending/000099.f32",
    "work/spool.f32",
    "work/rows.f32",
    ".current.0123abcd.tmp",
  ];
  for (const name of [...theirs, ...left]) await put(pipeline.root(name));
  await pipeline.run();
  for (const name of theirs) assert(await exists(pipeline.root(name)), name);
  for (const name of left) assert(!await exists(pipeline.root(name)), name);
});
