import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createHmac } from "node:crypto";
import type { PipelineConfig } from "../../src/pipeline/config.ts";
import { signatureOf } from "../../src/pipeline/notify.ts";
import { pipelineStatus } from "../../src/pipeline/status.ts";
import type { PipelineEvent } from "../../src/pipeline/watch.ts";
import { lockOutput } from "../../src/use/lock.ts";
import { FaultServer, silence, status } from "../net/fault_server.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";
import { assertDocument } from "../cli/documents.ts";

const data = new DriftingData(2);

interface Received {
  path: string;
  headers: Headers;
  body: string;
}

/** A server on the loopback that notes what it is sent and answers as asked. */
function receiver(answer: (count: number) => number) {
  const received: Received[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      received.push({
        path: new URL(request.url).pathname,
        headers: request.headers,
        body: await request.text(),
      });
      return new Response(null, { status: answer(received.length) });
    },
  );
  return {
    received,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function hooked(url: string): Partial<PipelineConfig> {
  return {
    notify: {
      webhooks: [{
        url: `${url}/hook?token=hidden`,
        events: ["promotion", "failure", "refused"],
        secretEnv: "DBKSVD_TEST_SECRET",
      }],
    },
  };
}

Deno.test("a promotion is sent to the webhook, signed, again after a failure of the server", async () => {
  Deno.env.set("DBKSVD_TEST_SECRET", "open sesame");
  await using server = receiver((count) => count === 1 ? 503 : 204);
  await using pipeline = await TestPipeline.create(hooked(server.url));
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const lines: string[] = [];
  const run = await pipeline.run({
    log: (event) => lines.push(JSON.stringify(event)),
  });
  assert.equal(server.received.length, 2);
  const [first, second] = server.received;
  assert.equal(first.body, second.body);
  const message = JSON.parse(second.body);
  assertDocument("pipeline-webhook", message);
  assert.equal(message.event, "promotion");
  assert.equal(message.version, run.version);
  assert.equal(message.fvu, run.metrics!.candidate.fvu);
  assert.equal(second.headers.get("x-dbksvd-event"), "promotion");
  assert.equal(second.headers.get("x-dbksvd-delivery"), message.id);
  const timestamp = second.headers.get("x-dbksvd-timestamp");
  assert.equal(
    second.headers.get("x-dbksvd-signature"),
    "sha256=" + createHmac("sha256", "open sesame")
      .update(`${timestamp}.${second.body}`).digest("hex"),
  );
  const log = lines.join("");
  assert(log.includes("webhook.delivered"));
  assert(!log.includes("hidden") && !log.includes("sesame"));
});

Deno.test("what could not be delivered waits for the next run; what the server refuses is not repeated at once", async () => {
  let code = 500;
  await using server = receiver(() => code);
  await using pipeline = await TestPipeline.create(hooked(server.url));
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const run = await pipeline.run();
  assert.equal(run.outcome, "promoted");
  assert.equal(server.received.length, 3);
  const undelivered = async () => {
    const { config, folder } = pipeline;
    return (await pipelineStatus(config, { base: folder })).undelivered;
  };
  assert.equal(await undelivered(), 1);
  code = 400;
  await pipeline.run();
  assert.equal(server.received.length, 4);
  // Without the secret nothing is sent unsigned.
  Deno.env.delete("DBKSVD_TEST_SECRET");
  code = 200;
  const events: PipelineEvent[] = [];
  await pipeline.run({ log: (event) => events.push(event) });
  assert.equal(server.received.length, 4);
  assert.match(JSON.stringify(events), /DBKSVD_TEST_SECRET is not set/);
  Deno.env.set("DBKSVD_TEST_SECRET", "open sesame");
  code = 200;
  await pipeline.run();
  assert.equal(server.received.length, 5);
  assert.equal(server.received[4].body, server.received[0].body);
  assert.equal(await undelivered(), 0);
});

Deno.test("webhooks that never answer cost seconds, hold no lock, and leave no secret behind", async () => {
  await using server = new FaultServer();
  let isFree = false;
  server.fault = async () => {
    // While a server is asked, another run can begin: the lock can be had.
    if (!isFree) {
      const lock = await lockOutput(pipeline.root("pipeline.sqlite"));
      isFree = true;
      await lock.release();
    }
    return await silence();
  };
  const url = server.url.replace("//", "//user:hidden@");
  await using pipeline = await TestPipeline.create({
    notify: {
      webhooks: ["a", "b", "c"].map((name) => ({
        url: `${url}/${name}?token=hidden`,
        events: ["promotion" as const],
      })),
    },
  });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const events: PipelineEvent[] = [];
  const run = await pipeline.run({ log: (event) => events.push(event) });
  assert.equal(run.outcome, "promoted");
  assert(isFree);
  // One message was tried; the others wait with it for the next run.
  assert.equal(server.seen.length, 1);
  assert.match(server.seen[0].headers.get("authorization")!, /^Basic /);
  assert(!JSON.stringify(events).includes("hidden"));
  for await (const { name } of Deno.readDir(pipeline.root())) {
    if (!name.startsWith("pipeline.sqlite")) continue;
    const bytes = await Deno.readFile(pipeline.root(name));
    assert(!new TextDecoder("latin1").decode(bytes).includes("hidden"));
  }
});

Deno.test("what a webhook is redirected to is sent nothing; one that left the configuration neither", async () => {
  await using server = new FaultServer();
  server.fault = (request) =>
    status(307, { location: request.url.replace("hook", "elsewhere") });
  const hooks = (url: string) => ({ notify: { webhooks: [{ url }] } });
  await using pipeline = await TestPipeline.create(hooks(`${server.url}/hook`));
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  await pipeline.run();
  assert.deepEqual(server.seen.map(({ path }) => path), ["/hook"]);
  Object.assign(pipeline.config, hooks("http://127.0.0.1:1/other"));
  await pipeline.run();
  assert.equal(server.seen.length, 1);
});

Deno.test("failures and refused files are sent with their reasons", async () => {
  await using server = receiver(() => 200);
  await using pipeline = await TestPipeline.create(hooked(server.url));
  await Deno.writeTextFile(pipeline.input("bad.parquet"), "no Parquet");
  await pipeline.run();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const failing = pipeline.run({
    createEngine: () => {
      throw new Error("the machine room is under water");
    },
  });
  await assert.rejects(failing, /under water/);
  const [refused, failure] = server.received.map(({ body }) =>
    JSON.parse(body)
  );
  for (const one of [refused, failure]) assertDocument("pipeline-webhook", one);
  assert.equal(refused.event, "refused");
  assert.equal(refused.files[0].path, "in/bad.parquet");
  assert.equal(failure.event, "failure");
  assert.equal(failure.reason, "the machine room is under water");
});

Deno.test("signatureOf() is HMAC-SHA256 of the time and the body", async () => {
  const expected = createHmac("sha256", "key").update("17.{}").digest("hex");
  assert.equal(await signatureOf("key", "17", "{}"), `sha256=${expected}`);
});

Deno.test("every event of the log tells its time, level and pipeline, and each stage ends with one", async () => {
  await using pipeline = await TestPipeline.create({ name: "nightly" });
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const events: PipelineEvent[] = [];
  await pipeline.run({ log: (event) => events.push(event) });
  for (const event of events) {
    assert.equal(event.pipeline, "nightly");
    assert.match(event.level, /^(debug|info|warn|error)$/);
    assert(!Number.isNaN(Date.parse(event.time)));
  }
  const stages = events.filter(({ event }) => event === "stage.end")
    .map(({ stage }) => stage);
  assert.deepEqual(stages, [
    "scan",
    "admit",
    "train",
    "evaluate",
    "write",
    "commit",
    "tidy",
  ]);
});

Deno.test("Deno's own OpenTelemetry exporter is given spans and metrics of a run", async () => {
  await using collector = receiver(() => 200);
  await using pipeline = await TestPipeline.create();
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 400));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      fileURLToPath(new URL("killed_run.ts", import.meta.url)),
      pipeline.folder,
      JSON.stringify(pipeline.config),
      "never",
    ],
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_DENO_CONSOLE: "ignore",
    },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const sent = (path: string) =>
    collector.received.filter((request) => request.path === path)
      .map(({ body }) => body).join("\n");
  const spans = new Set(
    [...sent("/v1/traces").matchAll(/"name":\s*"(pipeline\.[a-z]+)"/g)]
      .map(([, name]) => name),
  );
  for (const stage of ["run", "scan", "admit", "train", "evaluate", "commit"]) {
    assert(spans.has(`pipeline.${stage}`), stage);
  }
  const metrics = sent("/v1/metrics");
  for (const name of ["runs", "promotions", "rows", "fvu", "stage.seconds"]) {
    assert(metrics.includes(`"dbksvd.pipeline.${name}"`), name);
  }
});
