import assert from "node:assert/strict";
import { join } from "node:path";
import type { PipelineInput } from "../../src/pipeline/input_patterns.ts";
import { pipelineStatus } from "../../src/pipeline/status.ts";
import { FaultServer, silence, status } from "../net/fault_server.ts";
import { sql } from "../rows/writers.ts";
import { S3Server } from "../net/s3_server.ts";
import { HubServer } from "../net/hub_server.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";
import { assertDocument } from "../cli/documents.ts";

const data = new DriftingData(2);
const impatient = {
  retry: { attempts: 2, wait: () => 1, spanMs: 300, connectMs: 100 },
};

async function fileOf(day: number, rows = 600) {
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  writeDrop(path, data.drop(day, rows));
  const bytes = await Deno.readFile(path);
  await Deno.remove(path);
  return bytes;
}

/** Runs a pipeline of a sound input and others, and tells how it ended. */
async function beside(...others: PipelineInput[]) {
  await using pipeline = await TestPipeline.create({
    inputs: ["in/*.parquet", ...others],
  });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  const run = await pipeline.run(impatient);
  assert.deepEqual(run.files.taken, ["in/a.parquet"]);
  assert.equal(run.outcome, "promoted");
  const again = await pipeline.run(impatient);
  assert.equal(again.exitCode, run.exitCode);
  assert.equal(again.outcome, "nothing");
  const { missing } = await pipelineStatus(pipeline.config, {
    base: pipeline.folder,
  });
  assert.deepEqual(missing.map(({ path }) => path).sort(), paths(run));
  return { run, again };
}

const paths = (run: { files: { missing: { path: string }[] } }) =>
  run.files.missing.map(({ path }) => path).sort();

Deno.test("inputs that match nothing are reported, beside sound ones that are taken; optional ones are not", async () => {
  const { run, again } = await beside(
    "inn/*.parquet",
    "in/typo.parquet",
    "nowhere",
    { list: "none.txt" },
    "gs://bucket/a.parquet",
  );
  assert.equal(run.exitCode, 3);
  assert.equal(run.files.missing.length, 5);
  assert(run.files.missing.every(({ kind }) => kind === "nothing"));
  for (const { reason } of [run, again]) {
    assert.match(reason, /5 of the inputs could not be seen/);
  }
  const { run: well, again: idle } = await beside(
    { input: "inn/*.parquet", optional: true },
    { list: "none.txt", optional: true },
  );
  assert.equal(well.exitCode, 0);
  assert.equal(idle.reason, "there are no new rows");
});

Deno.test("addresses that are not there are exit 3, those that cannot be asked now exit 1, both 1", async () => {
  await using server = new FaultServer();
  server.fault = (request) => {
    const { pathname } = new URL(request.url);
    const code = Number(/\d+/.exec(pathname)?.[0]);
    return code === 0 ? silence() : status(code);
  };
  const codeFor = async (...codes: number[]) => {
    const urls = codes.map((code) => `${server.url}/${code}.parquet`);
    return (await beside(...urls)).run.exitCode;
  };
  assert.equal(await codeFor(404), 3);
  for (const code of [401, 429, 0]) {
    assert.equal(await codeFor(code), 1, `${code}`);
  }
  assert.equal(await codeFor(404, 503), 1);
  assert.equal(
    (await beside("http://127.0.0.1:1/a.parquet")).run.exitCode,
    1,
  );
  const optional = { input: `${server.url}/503.parquet`, optional: true };
  assert.equal((await beside(optional)).run.exitCode, 1);
});

Deno.test("URLs are asked as everywhere: presigned for GET, with headers, without suffix ranges, busy for a while", async () => {
  await using server = new FaultServer();
  const names = ["signed", "private", "busy", "bare", "noversion"];
  for (const [day, name] of names.entries()) {
    server.files.set(`/${name}.parquet`, await fileOf(day, 400));
  }
  const asked = new Map<string, number>();
  server.fault = (request, _, sound) => {
    const { pathname } = new URL(request.url);
    const count = (asked.get(pathname) ?? 0) + 1;
    asked.set(pathname, count);
    if (request.method !== "GET") return status(403);
    if (/^bytes=-/.test(request.headers.get("range") ?? "")) return status(416);
    if (pathname.includes("private")) {
      return request.headers.get("x-key") === "k" ? undefined : status(401);
    }
    if (pathname.includes("busy") && count % 3 === 1) {
      return status(503, { "retry-after": "0" });
    }
    if (pathname.includes("bare")) {
      return new Response(server.files.get(pathname));
    }
    if (pathname.includes("noversion")) {
      const answer = sound();
      answer.headers.delete("etag");
      return answer;
    }
    return undefined;
  };
  await using pipeline = await TestPipeline.create({
    inputs: names.map((name) => `${server.url}/${name}.parquet?X-Sig=1`),
  });
  Deno.env.set("DBKSVD_HTTP_HEADERS", "X-Key: k");
  try {
    const run = await pipeline.run();
    assert.equal(run.exitCode, 0, JSON.stringify(run.files));
    assert.equal(run.files.taken.length, names.length);
    assert.equal(run.rows.new + run.rows.heldOut, 400 * names.length);
    const idle = await pipeline.run();
    assert.equal(idle.outcome, "nothing");
    assert.equal(idle.reason, "there are no new rows");
  } finally {
    Deno.env.delete("DBKSVD_HTTP_HEADERS");
  }
});

Deno.test("an input that breaks off while it is read is tried again next time, and fails no other", async () => {
  await using server = new FaultServer();
  server.files.set("/far.parquet", await fileOf(1, 3000));
  server.files.set("/near.parquet", await fileOf(2));
  let isAway = true;
  // The first look and the tail are given, the rest is not.
  server.fault = (request, _, sound) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/far.parquet" || !isAway) return undefined;
    const range = request.headers.get("range") ?? "";
    const size = server.files.get(pathname)!.length;
    if (range === "bytes=0-0") return sound();
    const tail = Number(/\d+/.exec(range)) > size - 70_000;
    return tail ? sound() : status(503);
  };
  await using pipeline = await TestPipeline.create({
    inputs: [`${server.url}/far.parquet`, `${server.url}/near.parquet`],
  });
  const first = await pipeline.run(impatient);
  assert.deepEqual(first.files.taken, [`${server.url}/near.parquet`]);
  assert.deepEqual(paths(first), [`${server.url}/far.parquet`]);
  assert.equal(first.exitCode, 1);
  isAway = false;
  const second = await pipeline.run(impatient);
  assert.deepEqual(second.files.taken, [`${server.url}/far.parquet`]);
  assert.equal(second.exitCode, 0);
  assert.equal(second.rows.new + second.rows.heldOut, 3000);
});

Deno.test("rows of URLs are read once: a server that goes away after them spoils no training", async () => {
  await using server = new FaultServer();
  server.files.set("/a.parquet", await fileOf(1, 900));
  await using pipeline = await TestPipeline.create({
    inputs: [`${server.url}/a.parquet`],
  });
  const run = await pipeline.run({
    ...impatient,
    log: ({ event, stage }) => {
      if (event === "stage.end" && stage === "admit") {
        server.fault = () => status(503);
      }
    },
  });
  assert.equal(run.outcome, "promoted");
  assert.equal(run.rows.visits, 2 * run.rows.new);
});

Deno.test("hf:// inputs are files of a dataset as they come", async () => {
  await using hub = new HubServer("o/n");
  hub.put("data/1.parquet", await fileOf(1));
  await using pipeline = await TestPipeline.create({
    inputs: ["hf://datasets/o/n/data/*.parquet"],
  });
  assert.equal((await pipeline.run()).files.taken.length, 1);
  hub.put("data/2.parquet", await fileOf(2));
  const second = await pipeline.run();
  assert.equal(second.files.taken.length, 1);
  assert.match(second.files.taken[0], /data\/2\.parquet$/);
  hub.fault = () => new Response("<html>upkeep</html>");
  const third = await pipeline.run(impatient);
  assert.equal(third.exitCode, 1);
  assert.match(third.files.missing[0].reason, /web page/);
  assert.deepEqual(third.files.vanished, []);
});

Deno.test("s3:// inputs are files of a bucket as they come", async () => {
  await using bucket = new S3Server("b");
  bucket.put("data/1.parquet", await fileOf(1));
  await using pipeline = await TestPipeline.create({
    inputs: ["s3://b/data/"],
  });
  assert.equal((await pipeline.run()).files.taken.length, 1);
  bucket.put("data/2.parquet", await fileOf(2));
  const second = await pipeline.run();
  assert.deepEqual(second.files.taken, ["s3://b/data/2.parquet"]);
  bucket.set({ AWS_SECRET_ACCESS_KEY: "another" });
  const third = await pipeline.run(impatient);
  assert.equal(third.exitCode, 1);
  assert.match(third.files.missing[0].reason, /403 .*AWS_SECRET_ACCESS_KEY/);
  assert.deepEqual(third.files.vanished, []);
});

Deno.test("a missing evaluation input takes nothing and promotes nothing; it is reported where nothing is new", async () => {
  await using pipeline = await TestPipeline.create({
    evaluation: { inputs: ["ev/*.parquet"] },
  });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  await assert.rejects(pipeline.run(), /evaluation input is missing.*ev\//);
  await Deno.mkdir(join(pipeline.folder, "ev"));
  const fixed = join(pipeline.folder, "ev", "golden.parquet");
  writeDrop(fixed, data.drop(9, 100));
  assert.equal((await pipeline.run()).outcome, "promoted");
  await Deno.remove(fixed);
  const idle = await pipeline.run();
  assert.equal(idle.exitCode, 3);
  assert.deepEqual(paths(idle), ["ev/*.parquet"]);
});

Deno.test("evaluation inputs of another width, number type or column are refused, as train refuses them", async () => {
  await using pipeline = await TestPipeline.create({
    evaluation: { inputs: ["golden.parquet"] },
  });
  const golden = join(pipeline.folder, "golden.parquet");
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  for (const width of [1, 9, 15, 17, 32]) {
    writeDrop(golden, new Float32Array(100 * width), width);
    const message = new RegExp(
      `Rows have ${width} dimensions, the pipeline's have 16.*golden`,
    );
    await assert.rejects(pipeline.run(), message);
  }
  await sql(
    `COPY (SELECT list_transform(range(16), lambda x: x::DOUBLE) AS embedding FROM range(100)) TO '${golden}' (FORMAT parquet)`,
  );
  await assert.rejects(pipeline.run(), /f64 numbers, the pipeline's are f32/);
  writeDrop(golden, data.drop(9, 100), 16, "layer2");
  await assert.rejects(pipeline.run(), /embedding.*golden|golden.*embedding/);
  writeDrop(golden, data.drop(9, 100));
  assert.equal((await pipeline.run()).outcome, "promoted");
  writeDrop(pipeline.input("b.parquet"), data.drop(1, 600), 16, "layer2");
  const other = await pipeline.run();
  assert.equal(other.files.refused.length, 1);
  assert.match(other.files.refused[0].reason, /embedding/);
});

Deno.test("a failure of inputs reaches webhooks by the event that they listen to by default", async () => {
  await using server = new FaultServer();
  server.fault = () => status(204);
  await using pipeline = await TestPipeline.create({
    inputs: ["in/*.parquet", "inn/*.parquet"],
    notify: { webhooks: [{ url: `${server.url}/hook` }] },
  });
  await pipeline.run();
  const body = JSON.parse(server.seen[0].body);
  assertDocument("pipeline-webhook", body);
  assert.equal(body.event, "failure");
  assert.deepEqual(
    body.inputs.map(({ path }: { path: string }) => path).sort(),
    ["in/*.parquet", "inn/*.parquet"],
  );
});
