import assert from "node:assert/strict";
import { schedulePipeline } from "../../src/pipeline/schedule.ts";
import { pipelineStatus } from "../../src/pipeline/status.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";
import { FakeClock } from "./fake_clock.ts";

const SMALL = { atoms: 8, sparsity: 2, passes: 1, device: "cpu" } as const;

function scheduled(
  pipeline: TestPipeline,
  clock: FakeClock,
  more: Parameters<typeof schedulePipeline>[1] = {},
) {
  const runs: string[] = [];
  const events: Record<string, unknown>[] = [];
  const done = schedulePipeline(pipeline.config, {
    base: pipeline.folder,
    createEngine: createReferenceEngine,
    clock,
    onRun: () => runs.push(clock.now().toISOString().slice(0, 16)),
    log: (event) => events.push(event),
    ...more,
  });
  return { runs, events, done };
}

Deno.test("schedulePipeline() runs at the due minutes, in UTC", async () => {
  await using pipeline = await TestPipeline.create({
    schedule: "30 */6 * * 1-5",
    train: SMALL,
  });
  // From a Sunday, on which nothing is due, into the Monday.
  const clock = new FakeClock("2026-03-08T17:00Z", "2026-03-09T07:00Z");
  const { runs, done } = scheduled(pipeline, clock);
  await done;
  assert.deepEqual(runs, [
    "2026-03-09T00:30",
    "2026-03-09T06:30",
  ]);
  const beat = JSON.parse(
    await Deno.readTextFile(pipeline.root("heartbeat.json")),
  );
  assert.equal(beat.state, "stopped");
});

Deno.test("schedulePipeline() never overlaps, and reports the due times that a long run missed", async () => {
  await using pipeline = await TestPipeline.create({
    schedule: "0 * * * *",
    train: SMALL,
  });
  writeDrop(pipeline.input("a.parquet"), new DriftingData(1).drop(0, 200));
  const clock = new FakeClock("2026-03-01T00:30Z", "2026-03-01T05:30Z");
  let slow = true;
  const { runs, events, done } = scheduled(pipeline, clock, {
    createEngine: (spec) => {
      if (slow) clock.pass(150);
      slow = false;
      return createReferenceEngine(spec);
    },
  });
  await done;
  // Begun at 01:00, at its end it was 03:30.
  assert.deepEqual(runs, [
    "2026-03-01T03:30",
    "2026-03-01T04:00",
    "2026-03-01T05:00",
  ]);
  const missed = events.filter(({ event }) => event === "schedule.missed");
  assert.deepEqual(
    missed.map(({ missed, first, last }) => ({ missed, first, last })),
    [{
      missed: 2,
      first: "2026-03-01T02:00:00.000Z",
      last: "2026-03-01T03:00:00.000Z",
    }],
  );
});

Deno.test("schedulePipeline() reports what fell due while no process was there, once", async () => {
  await using pipeline = await TestPipeline.create({
    schedule: "0 3 * * *",
    train: SMALL,
  });
  await scheduled(
    pipeline,
    new FakeClock("2026-03-01T02:00Z", "2026-03-01T04:00Z"),
  ).done;
  const later = scheduled(
    pipeline,
    new FakeClock("2026-03-04T02:59Z", "2026-03-04T04:00Z"),
  );
  await later.done;
  assert.deepEqual(later.runs, ["2026-03-04T03:00"]);
  const { config, folder } = pipeline;
  const status = await pipelineStatus(config, {
    base: folder,
    now: () => new Date("2026-03-04T04:00Z"),
  });
  assert.deepEqual(status.schedule, {
    expression: "0 3 * * *",
    next: "2026-03-05T03:00:00.000Z",
    missed: 2,
  });
});

Deno.test("schedulePipeline() does not wait for a time that a wrong clock showed", async () => {
  await using pipeline = await TestPipeline.create({
    schedule: "0 3 * * *",
    train: SMALL,
  });
  const at = (start: string, end: string) =>
    scheduled(pipeline, new FakeClock(start, end));
  await at("2099-01-01T02:59Z", "2099-01-01T03:05Z").done;
  const { runs, events, done } = at("2026-03-01T02:30Z", "2026-03-02T04:00Z");
  await done;
  assert.deepEqual(runs, ["2026-03-01T03:00", "2026-03-02T03:00"]);
  const names = events.map(({ event }) => event);
  assert.equal(names.filter((name) => name === "schedule.clock").length, 1);
  assert.ok(!names.includes("schedule.missed"));
  // A few minutes back: what was done is not done again.
  const again = at("2026-03-02T02:50Z", "2026-03-02T03:10Z");
  await again.done;
  assert.deepEqual(again.runs, []);
});

Deno.test("schedulePipeline() goes on after a failed run, and stops at a signal within one", async () => {
  await using pipeline = await TestPipeline.create({
    schedule: "0 * * * *",
    train: SMALL,
  });
  writeDrop(pipeline.input("a.parquet"), new DriftingData(1).drop(0, 200));
  const clock = new FakeClock("2026-03-01T00:30Z", "2026-03-02T00:00Z");
  const stop = new AbortController();
  let engines = 0;
  const { events, done } = scheduled(pipeline, clock, {
    signal: stop.signal,
    createEngine: (spec) => {
      if (engines++ === 0) throw new Error("a passing trouble");
      stop.abort();
      return createReferenceEngine(spec);
    },
  });
  await done;
  const failures = events.filter(({ event }) =>
    event === "run.failed" || event === "run.stopped"
  );
  assert.deepEqual(
    failures.map(({ event, time }) => [event, (time as string).slice(0, 16)]),
    [["run.failed", "2026-03-01T01:00"], ["run.stopped", "2026-03-01T02:00"]],
  );
  assert.equal(clock.now().toISOString().slice(0, 13), "2026-03-01T02");
});

Deno.test("schedulePipeline() needs a schedule", async () => {
  await using pipeline = await TestPipeline.create();
  const clock = new FakeClock("2026-03-01T00:30Z", "2026-03-02T00:00Z");
  await assert.rejects(
    scheduled(pipeline, clock).done,
    /\/schedule is missing/,
  );
});
