import assert from "node:assert/strict";
import { join } from "node:path";
import type { PipelineRun } from "../../src/pipeline/run_record.ts";
import { placesIn } from "../../src/pipeline/places.ts";
import { pipelineHistory, pipelineStatus } from "../../src/pipeline/status.ts";
import { openStore } from "../../src/pipeline/store.ts";
import { randomStream } from "../../src/random.ts";
import { FaultServer, silence, status } from "../net/fault_server.ts";
import { DriftingData, TestPipeline, writeDrop } from "../pipeline/drops.ts";

const NIGHTS = 30;
const HALF_WRITTEN = 5;
/** Nights on which the server of the URLs is away, and on which it takes requests and never answers. */
const AWAY = [10, 11, 12, 13, 14, 15, 16];
const SILENT = [22, 23];

const name = (night: number) => `${String(night).padStart(2, "0")}.parquet`;

Deno.test("a month of small drops: every row enters once, nothing sound is quarantined, exits and history tell the truth", async (t) => {
  await using server = new FaultServer();
  await using pipeline = await TestPipeline.create({
    inputs: ["in/*.parquet", { list: "urls.txt" }],
    settle: 0.3,
    train: { atoms: 32, sparsity: 3, passes: 2, device: "cpu" },
  });
  const { folder, config } = pipeline;
  const data = new DriftingData(12);
  const random = randomStream(5, "trickle");
  const urls = join(folder, "urls.txt");
  let night = 0;
  server.fault = (request) => {
    if (AWAY.includes(night)) return status(503);
    if (SILENT.includes(night)) return silence();
    server.headers = { etag: `"${new URL(request.url).pathname}"` };
    return undefined;
  };
  const expected = new Map<string, number>();
  const runs: PipelineRun[] = [];

  const drop = async (path: string, rows: number) => {
    writeDrop(path, data.drop(night, rows));
    const then = new Date(Date.now() - 10_000);
    await Deno.utime(path, then, then);
  };
  const publish = async (rows: number) => {
    const path = join(folder, "published");
    await drop(path, rows);
    server.files.set(`/${name(night)}`, await Deno.readFile(path));
    const url = `${server.url}/${name(night)}`;
    await Deno.writeTextFile(urls, `${url}\n`, { append: true });
    expected.set(url, rows);
  };

  const later: { path: string; whole: Uint8Array }[] = [];
  for (night = 1; night <= NIGHTS; night++) {
    for (const { path, whole } of later.splice(0)) {
      await Deno.writeFile(path, whole);
      await Deno.utime(path, new Date(0), new Date(0));
    }
    const rows = night === 1 ? 2000 : 1 + random.integer(200);
    const path = pipeline.input(name(night));
    await drop(path, rows);
    expected.set(`in/${name(night)}`, rows);
    await publish(1 + random.integer(60));
    const whole = await Deno.readFile(path);
    if (night === HALF_WRITTEN) {
      await Deno.writeFile(path, whole.subarray(0, whole.length / 3));
      later.push({ path, whole });
    }
    const now = new Date(Date.UTC(2026, 2, night, 3));
    runs.push(
      await pipeline.run({
        now: () => now,
        retry: { attempts: 2, wait: () => 1, spanMs: 150 },
        log: ({ event }) => {
          // The writer of the half-written file is at work while the run waits for it.
          if (event !== "files.settling" || night !== HALF_WRITTEN) return;
          const more = whole.subarray(whole.length / 3, whole.length / 2);
          Deno.writeFileSync(path, more, { append: true });
        },
      }),
    );
  }

  await t.step("every file is taken once, every row enters once", () => {
    const taken = runs.flatMap(({ files }) => files.taken);
    assert.deepEqual([...taken].sort(), [...expected.keys()].sort());
    const total = [...expected.values()].reduce((a, b) => a + b);
    const entered = runs.reduce(
      (sum, { rows }) => sum + rows.new + rows.heldOut,
      0,
    );
    assert.equal(entered, total);
    const store = openStore(placesIn(join(folder, "pipe")).database);
    const files = store.all<{ path: string; rows: number }>(
      "SELECT path, rows FROM files WHERE state = 'taken'",
    );
    store.close();
    for (const { path, rows } of files) assert.equal(rows, expected.get(path));
    // Each new row was trained on as new once, or still waits.
    const trained = runs.filter(({ outcome }) =>
      outcome === "promoted" || outcome === "kept"
    ).reduce((sum, { rows }) => sum + rows.new + rows.waited, 0);
    const all = runs.reduce((sum, { rows }) => sum + rows.new, 0);
    assert.equal(trained + runs.at(-1)!.rows.pending, all);
  });

  await t.step(
    "nothing sound is quarantined or refused, small drops wait",
    async () => {
      assert(runs.every(({ quarantined }) => !quarantined));
      assert(runs.every(({ files }) => files.refused.length === 0));
      const outcomes = new Set(runs.map(({ outcome }) => outcome));
      assert(outcomes.has("pending") && outcomes.has("promoted"));
      const { quarantined } = await pipelineStatus(config, { base: folder });
      assert.deepEqual(quarantined, []);
    },
  );

  await t.step("exits tell what could not be had", () => {
    for (const [i, run] of runs.entries()) {
      const isAway = [...AWAY, ...SILENT].includes(i + 1);
      assert.equal(run.exitCode, isAway ? 1 : 0, `night ${i + 1}`);
      const paths = run.files.missing.map(({ path }) => path);
      const tonight = `${server.url}/${name(i + 1)}`;
      assert.equal(paths.includes(tonight), isAway);
      assert.deepEqual(run.files.vanished, []);
    }
    const half = runs[HALF_WRITTEN - 1].files;
    assert.deepEqual(half.unsettled, [`in/${name(HALF_WRITTEN)}`]);
    const back = runs[AWAY.at(-1)!].files.taken;
    for (const away of AWAY) {
      assert(back.includes(`${server.url}/${name(away)}`), `night ${away}`);
    }
  });

  await t.step("the history and the status tell the same", async () => {
    const { runs: listed, events } = await pipelineHistory(config, {
      base: folder,
    });
    assert.deepEqual(
      listed.map(({ outcome }) => outcome),
      runs.map(({ outcome }) => outcome),
    );
    assert.deepEqual(events, []);
    const { missing, rows } = await pipelineStatus(config, { base: folder });
    assert.deepEqual(missing, []);
    assert.equal(rows.pending, runs.at(-1)!.rows.pending);
  });
});
