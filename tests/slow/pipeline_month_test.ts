import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { loadModel } from "../../src/model/directory.ts";
import type { PipelineRun } from "../../src/pipeline/run_record.ts";
import { loadPipelineConfig } from "../../src/pipeline/config.ts";
import { heldOutParts, scoreByDrop } from "../../src/pipeline/evaluate.ts";
import { HeldOutRows, joinRowSets } from "../../src/pipeline/held_out.ts";
import { placesIn } from "../../src/pipeline/places.ts";
import { schedulePipeline } from "../../src/pipeline/schedule.ts";
import { pipelineHistory, pipelineStatus } from "../../src/pipeline/status.ts";
import { rollbackPipeline } from "../../src/pipeline/by_hand.ts";
import { openStore } from "../../src/pipeline/store.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import { train } from "../../src/use/train.ts";
import {
  DriftingData,
  noiseRows,
  TestPipeline,
  writeDrop,
} from "../pipeline/drops.ts";
import { FakeClock } from "../pipeline/fake_clock.ts";
import { fileKeys, RowWitness } from "../pipeline/row_witness.ts";

const NIGHTS = 30, ROWS = 800, HELD_OUT = ROWS / 20;
const CORRUPT = 9, DUPLICATE = 14, KILLED = 17, NOISE = 22;
const MONTH = "2026-03";

const night = (day: number) => `night-${String(day).padStart(2, "0")}.parquet`;

Deno.test("a pipeline keeps up with a month of drifting drops", async (t) => {
  await using pipeline = await TestPipeline.create({
    schedule: "0 3 * * *",
    train: { atoms: 40, sparsity: 3, passes: 2, device: "cpu" },
    reservoir: { rows: 16_000, ratio: 16 },
    retention: { versions: 40 },
  });
  const { folder, config } = pipeline;
  const data = new DriftingData(11);
  const witness = new RowWitness();
  const runs: PipelineRun[] = [];
  const trainings: Map<string, number>[][] = [];
  const events: Record<string, unknown>[] = [];

  const arrive = async (time: Date) => {
    if (time.getUTCHours() !== 1 || time.getUTCMinutes() !== 0) return;
    const day = time.getUTCDate();
    const rows = day === NOISE ? noiseRows(3, ROWS) : data.drop(day, ROWS);
    writeDrop(pipeline.input(night(day)), rows);
    if (day === CORRUPT) {
      const whole = await Deno.readFile(pipeline.input(night(day)));
      const broken = whole.slice(0, whole.length * 0.7);
      await Deno.writeFile(pipeline.input("corrupt.parquet"), broken);
    }
    if (day === DUPLICATE) {
      const copy = pipeline.input("again.parquet");
      await Deno.copyFile(pipeline.input(night(5)), copy);
    }
  };
  const schedule = (from: string, to: string) =>
    schedulePipeline(config, {
      base: folder,
      createEngine: witness.createEngine,
      clock: new FakeClock(`${MONTH}-${from}Z`, `${MONTH}-${to}Z`, arrive),
      onRun: (run) => {
        runs.push(run);
        trainings.push(witness.take());
      },
      log: (event) => events.push(event),
    });

  await schedule("01T00:50", `${KILLED}T02:00`);
  const child = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("../pipeline/killed_run.ts", import.meta.url).pathname,
      folder,
      JSON.stringify(config),
      "stage.end:train",
    ],
  }).output();
  assert.equal(child.signal, "SIGKILL", new TextDecoder().decode(child.stderr));
  await schedule(`${KILLED}T04:00`, `${NIGHTS}T12:00`);

  const taken = new Map<string, PipelineRun>();
  for (const run of runs) {
    for (const path of run.files.taken) {
      assert(!taken.has(path), `${path} was taken twice`);
      taken.set(path, run);
    }
  }

  await t.step("every good file is taken once, by the night's run", () => {
    const names = Array.from(
      { length: NIGHTS },
      (_, i) => `in/${night(i + 1)}`,
    );
    assert.deepEqual([...taken.keys()].sort(), names);
    // The killed run's drop came with the next night's.
    assert.equal(runs.length, NIGHTS - 1);
    const doubled = taken.get(`in/${night(KILLED)}`)!;
    assert.equal(doubled, taken.get(`in/${night(KILLED + 1)}`));
    const missed = events.filter(({ event }) => event === "schedule.missed");
    assert.deepEqual(missed.map(({ missed }) => missed), [1]);
    const cut = events.filter(({ event }) => event === "run.interrupted");
    assert.equal(cut.length, 1);
  });

  await t.step(
    "every row enters as new once, replays are counted apart",
    async () => {
      const held = new Set<string>();
      const former = new Set<string>();
      for (const [i, run] of runs.entries()) {
        const fresh = new Set<string>();
        for (const path of run.files.taken) {
          const set = new HeldOutRows(0, path, ROWS, {
            share: 0.05,
            maxRows: 16384,
          });
          for (
            const [row, key] of (await fileKeys(join(folder, path))).entries()
          ) {
            (set.has(row) ? held : fresh).add(key);
          }
        }
        const drops = run.files.taken.length;
        assert.equal(fresh.size, drops * (ROWS - HELD_OUT));
        assert.equal(run.rows.new, fresh.size);
        assert.equal(run.rows.heldOut, drops * HELD_OUT);
        assert(trainings[i].length >= 1);
        for (const seen of trainings[i]) {
          assert.equal(seen.size, run.rows.new + run.rows.replayed);
          for (const [key, times] of seen) {
            assert.equal(times, 1);
            assert(fresh.has(key) || former.has(key));
          }
          for (const key of fresh) assert(seen.has(key));
        }
        for (const key of fresh) former.add(key);
      }
      for (const seen of trainings.flat()) {
        for (const key of held) {
          assert(
            !seen.has(key),
            "a held-out row was trained on",
          );
        }
      }
    },
  );

  await t.step(
    "bad files are refused with a reason, others untouched",
    async () => {
      const status = await pipelineStatus(config, { base: folder });
      assert.equal(status.files.taken, NIGHTS);
      assert.equal(status.files.refused, 1);
      assert.equal(status.files.duplicate, 1);
      assert.equal(status.refused[0].path, "in/corrupt.parquet");
      assert.match(status.refused[0].reason!, /corrupt\.parquet/);
      const refusing = runs.filter(({ files }) => files.refused.length > 0);
      assert.deepEqual(refusing.map(({ exitCode }) => exitCode), [3]);
      assert(refusing[0].files.taken.includes(`in/${night(CORRUPT)}`));
      const copies = runs.flatMap(({ files }) => files.duplicates);
      assert.deepEqual(copies, [
        { path: "in/again.parquet", original: `in/${night(5)}` },
      ]);
      assert.deepEqual(status.pending, []);
    },
  );

  await t.step(
    "a version is promoted if and only if the rule holds",
    async () => {
      for (const { outcome, metrics } of runs) {
        if (outcome !== "promoted" || metrics?.previous === undefined) continue;
        const { candidate, previous } = metrics;
        assert(candidate.fvu <= 1.005 * previous.fvu);
        assert(candidate.dead_atoms - previous.dead_atoms <= 2);
      }
      const spoilt = runs.filter(({ quarantined }) => quarantined);
      assert.deepEqual(spoilt.map(({ files }) => files.taken), [[
        `in/${night(NOISE)}`,
      ]]);
      assert.equal(spoilt[0].outcome, "kept");
      assert.match(spoilt[0].reason, /FVU on earlier drops rose by/);
      const kept = runs.filter(({ outcome }) => outcome === "kept");
      for (const run of kept) {
        assert.match(run.reason, /rose by/);
        assert.notEqual(run.current, run.version);
      }
      const history = await pipelineHistory(config, { base: folder });
      assert.equal(history.promotions.length, runs.length - kept.length);
      assert.equal(history.versions.length, runs.length);
      for (const [i, run] of runs.slice(1).entries()) {
        const version = history.versions.find((v) =>
          v.version === run.version
        )!;
        assert.equal(version.parent, runs[i].current);
        assert.equal(version.promoted, run.outcome === "promoted");
      }
      console.log(
        `${history.promotions.length} promoted of ${runs.length}; kept: ${
          kept.map(({ run, reason }) => `${run} (${reason})`).join("; ")
        }`,
      );
    },
  );

  await t.step(
    "its end is within 2% of training on everything at once",
    async () => {
      const settings = await loadPipelineConfig(config, folder);
      const places = placesIn(settings.root);
      const store = openStore(places.database, { readOnly: true });
      const parts = heldOutParts(store, places, 16);
      const options = { createEngine: createReferenceEngine };
      const { model } = await loadModel(places.current);
      const month = await scoreByDrop(model, parts, options);
      const good = [...taken.keys()].filter((path) =>
        !path.includes(night(NOISE))
      );
      const source = await openRows(good.map((path) => join(folder, path)));
      const heldOut = joinRowSets(good.map((path) => ({
        rows: ROWS,
        set: new HeldOutRows(0, path, ROWS, { share: 0.05, maxRows: 16384 }),
      })));
      const visits = runs.reduce((sum, { rows }) => sum + rows.visits, 0);
      const passes = Math.round(visits / (source.rowCount - heldOut.size));
      const rows = new Float32Array((source.rowCount - heldOut.size) * 16);
      let filled = 0;
      for await (const batch of source.batches(4096, { except: heldOut })) {
        rows.set(batch.data, filled);
        filled += batch.data.length;
      }
      await source.close();
      const whole = await train(
        rowsFromArray(rows, 16),
        { ...settings.train, passes },
        options,
      );
      const atOnce = await scoreByDrop(whole.model, parts, options);
      store.close();
      console.log(
        `held-out FVU on ${month.all.rows} rows after ${visits} row visits: ` +
          `pipeline ${month.all.fvu.toFixed(4)}, at once (${passes} passes) ` +
          `${atOnce.all.fvu.toFixed(4)}`,
      );
      assert.equal(month.all.rows, (NIGHTS - 1) * HELD_OUT);
      assert(month.all.fvu <= 1.02 * atOnce.all.fvu);
    },
  );

  await t.step(
    "rollback leads back to the version before, and forward again",
    async () => {
      const promoted = runs.filter(({ outcome }) => outcome === "promoted");
      const [before, last] = promoted.slice(-2).map(({ version }) => version!);
      const link = async () =>
        basename(await Deno.realPath(pipeline.root("current")));
      assert.equal(await link(), last);
      const back = await rollbackPipeline(config, { base: folder });
      assert.deepEqual(back, { version: before, previous: last });
      assert.equal(await link(), before);
      await rollbackPipeline(config, { base: folder, to: last });
      assert.equal(await link(), last);
    },
  );
});
