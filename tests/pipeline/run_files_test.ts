import assert from "node:assert/strict";
import { pipelineStatus } from "../../src/pipeline/status.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(1);

Deno.test("runPipeline() notices changed, mended, vanished and returned files", async () => {
  await using pipeline = await TestPipeline.create();
  const path = pipeline.input("a.parquet");
  const mended = pipeline.input("b.parquet");
  writeDrop(path, data.drop(0, 600));
  await Deno.writeTextFile(mended, "half of a file");
  await pipeline.run();

  writeDrop(path, data.drop(5, 700));
  writeDrop(mended, data.drop(1, 600));
  const run = await pipeline.run();
  assert.deepEqual(run.files.changed, ["in/a.parquet"]);
  assert.deepEqual(run.files.taken, ["in/b.parquet"]);

  await Deno.rename(path, `${path}.away`);
  assert.deepEqual((await pipeline.run()).files.vanished, ["in/a.parquet"]);
  assert.deepEqual((await pipeline.run()).files.vanished, []);
  const { config, folder } = pipeline;
  const status = () => pipelineStatus(config, { base: folder });
  assert.deepEqual((await status()).vanished, ["in/a.parquet"]);
  await Deno.rename(`${path}.away`, path);
  await pipeline.run();
  assert.deepEqual((await status()).vanished, []);
});

Deno.test("runPipeline() takes a changed file in place of its old content where asked to", async () => {
  await using pipeline = await TestPipeline.create({ changedFiles: "train" });
  const path = pipeline.input("latest.parquet");
  writeDrop(path, data.drop(0, 600));
  await pipeline.run();
  writeDrop(path, data.drop(1, 800));
  const run = await pipeline.run();
  assert.deepEqual(run.files.taken, ["in/latest.parquet"]);
  // Neither its old held-out rows nor its old rows in the reservoir are used with the new content.
  assert.equal(run.metrics!.candidate.rows, 40);
  assert.equal(run.rows.replayed, 0);
  assert.deepEqual(run.files.retaken, []);
});

Deno.test("runPipeline() lets no link in an input folder lead out of it, nor takes its own files", async () => {
  await using pipeline = await TestPipeline.create({
    inputs: ["in/*.parquet", "**/*.f32"],
  });
  writeDrop(`${pipeline.folder}/outside.parquet`, data.drop(1, 600));
  await Deno.symlink("../outside.parquet", pipeline.input("link.parquet"));
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  const lost: unknown[] = [];
  const run = await pipeline.run({
    log: (event) => event.event === "input.missing" && lost.push(event.path),
  });
  assert.deepEqual(run.files.taken, ["in/a.parquet"]);
  assert.deepEqual(lost, ["in/link.parquet", "**/*.f32"]);
  assert.equal(run.exitCode, 3);
  assert.equal((await pipeline.run()).outcome, "nothing");
});

Deno.test("runPipeline() takes files behind URLs and in lists, and notices what they do there", async () => {
  await using pipeline = await TestPipeline.create({
    inputs: [{ list: "inputs.txt" }],
  });
  const { folder } = pipeline;
  const file = pipeline.input("a.parquet");
  writeDrop(file, data.drop(0, 600));
  const served = new Map([["/a.parquet", await Deno.readFile(file)]]);
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      const bytes = served.get(new URL(request.url).pathname);
      if (bytes === undefined) return new Response(null, { status: 404 });
      const headers: Record<string, string> = {
        "etag": `"${bytes.length}"`,
        "accept-ranges": "bytes",
        "content-length": String(bytes.length),
      };
      if (request.method === "HEAD") return new Response(null, { headers });
      const range = /bytes=(\d*)-(\d*)/.exec(
        request.headers.get("range") ?? "",
      );
      if (range === null) return new Response(bytes, { headers });
      const [, from, to] = range;
      const start = from === ""
        ? Math.max(0, bytes.length - Number(to))
        : Number(from);
      const end = from === "" || to === ""
        ? bytes.length
        : Math.min(bytes.length, Number(to) + 1);
      headers["content-length"] = String(end - start);
      headers["content-range"] = `bytes ${start}-${end - 1}/${bytes.length}`;
      const body = bytes.slice(start, end);
      return new Response(body, { status: 206, headers });
    },
  );
  const url = (name: string) => `http://127.0.0.1:${server.addr.port}/${name}`;
  await Deno.remove(file);
  await Deno.writeTextFile(
    `${folder}/inputs.txt`,
    `# nightly\n${url("a.parquet?token=hidden")}\n\n${url("later.parquet")}\n`,
  );
  const first = await pipeline.run();
  assert.equal(first.rows.new, 570);
  assert.equal(first.files.taken.length, 1);
  assert.match(first.files.taken[0], /a\.parquet\?[0-9a-f]{8}$/);
  assert.equal((await pipeline.run()).files.unchanged, 1);
  const database = await Deno.readFile(pipeline.root("pipeline.sqlite"));
  assert(!new TextDecoder("latin1").decode(database).includes("hidden"));

  writeDrop(file, data.drop(1, 500));
  served.set("/later.parquet", await Deno.readFile(file));
  const second = await pipeline.run();
  assert.deepEqual(second.files.taken, [url("later.parquet")]);
  assert.equal(second.rows.replayed, 570);
});

Deno.test("runPipeline() only evaluates on evaluation inputs, whatever else matches them", async () => {
  await using pipeline = await TestPipeline.create({
    evaluation: { share: 0.1, inputs: ["in/fixed.parquet"] },
  });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  writeDrop(pipeline.input("fixed.parquet"), data.drop(9, 100));
  const run = await pipeline.run();
  assert.deepEqual(run.files.taken, ["in/a.parquet"]);
  assert.deepEqual(run.rows, {
    new: 540,
    heldOut: 60,
    pending: 0,
    waited: 0,
    replayed: 0,
    visits: 2 * 540,
  });
  assert.equal(run.metrics!.candidate.rows, 160);
});
