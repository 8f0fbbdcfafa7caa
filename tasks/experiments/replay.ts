/**
 * How many old rows a pipeline should replay for each new one: 30 nights of drifting planted data, and beside each a
 * dictionary trained on all of its rows at once with the same number of row visits, on the same held-out rows.
 *
 *   deno run -A tasks/experiments/replay.ts
 */
import { join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { loadModel } from "../../src/model/directory.ts";
import { heldOutParts, scoreByDrop } from "../../src/pipeline/evaluate.ts";
import { HeldOutRows } from "../../src/pipeline/held_out.ts";
import { placesIn } from "../../src/pipeline/places.ts";
import { openStore } from "../../src/pipeline/store.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { train } from "../../src/use/train.ts";
import {
  DriftingData,
  TestPipeline,
  WIDTH,
  writeDrop,
} from "../../tests/pipeline/drops.ts";

const NIGHTS = 30, ROWS = 800;
const TRAIN = { atoms: 40, sparsity: 3, passes: 2, device: "cpu" } as const;
const engines = { createEngine: createReferenceEngine };

async function month(seed: number, ratio: number): Promise<string> {
  await using pipeline = await TestPipeline.create({
    train: TRAIN,
    reservoir: { ratio },
    retention: { versions: 2 },
  });
  const data = new DriftingData(seed);
  let visits = 0, promoted = 0;
  for (let night = 0; night < NIGHTS; night++) {
    writeDrop(pipeline.input(name(night)), data.drop(night, ROWS));
    const run = await pipeline.run();
    visits += run.rows.visits;
    if (run.outcome === "promoted") promoted++;
  }
  const places = placesIn(join(pipeline.folder, "pipe"));
  const store = openStore(places.database, { readOnly: true });
  const parts = heldOutParts(store, places, WIDTH);
  store.close();
  const { model } = await loadModel(places.current);
  const rows = trainingRows(data);
  const passes = Math.max(1, Math.round(visits / rows.rowCount));
  const { device: _device, ...parameters } = TRAIN;
  const whole = await train(
    rows,
    { ...parameters, passes, holdout: 0 },
    engines,
  );
  const end = (await scoreByDrop(model, parts, engines)).all.fvu;
  const atOnce = (await scoreByDrop(whole.model, parts, engines)).all.fvu;
  const share = (100 * (end / atOnce - 1)).toFixed(1);
  return `| ${seed} | ${ratio} | ${visits} | ${promoted} | ${
    end.toFixed(4)
  } | ${atOnce.toFixed(4)} | ${share}% |`;
}

function name(night: number): string {
  return `${String(night).padStart(2, "0")}.parquet`;
}

function trainingRows(data: DriftingData) {
  const kept: number[] = [];
  for (let night = 0; night < NIGHTS; night++) {
    const limit = { share: 0.05, maxRows: 16384 };
    const set = new HeldOutRows(0, `in/${name(night)}`, ROWS, limit);
    const drop = data.drop(night, ROWS);
    for (let row = 0; row < ROWS; row++) {
      if (set.has(row)) continue;
      kept.push(...drop.subarray(row * WIDTH, (row + 1) * WIDTH));
    }
  }
  return rowsFromArray(Float32Array.from(kept), WIDTH);
}

console.log(
  "| seed | replayed a new row | row visits | promoted | FVU at the end | all at once | more |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const seed of [11, 12, 13]) {
  for (const ratio of [0, 1, 4, 16]) console.log(await month(seed, ratio));
}
