import assert from "node:assert/strict";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import type { LearnResult } from "../../src/learn/learn.ts";
import type { LearnHooks } from "../../src/learn/hooks.ts";
import {
  type TrainOptions,
  withSharing,
} from "../../src/options/train_options.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import type { LearnState } from "../../src/learn/state.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import {
  learned,
  optionsOf,
  PLANTED,
  plantedSource,
  WIDTH,
} from "./setting.ts";

const ROWS = PLANTED.data.length / WIDTH;

/** Learns with as many ranks; the results of all, in order of rank. */
function learnedBy(
  ranks: number,
  changes: Partial<TrainOptions> = {},
  hooks: (rank: number) => Partial<LearnHooks> = () => ({}),
  source?: RowSource,
): Promise<LearnResult[]> {
  const options = withSharing(
    optionsOf({ shards: 8, sumType: "f64", ...changes }),
    true,
  );
  return Promise.all(
    inProcessGroup(ranks).map((group) =>
      learned(options, { group, ...hooks(group.rank) }, source)
    ),
  );
}

function linesOf({ lines }: LearnResult) {
  return lines.map((line) => ({ ...line, milliseconds: 0, stages: {} }));
}

/** Rows of which a few lie far from the others. */
function withFarRows(): RowSource {
  const data = PLANTED.data.slice();
  for (const row of [3, 200, 431, 599]) {
    for (let p = 0; p < WIDTH; p++) data[row * WIDTH + p] *= 40;
  }
  return rowsFromArray(data, WIDTH);
}

const WAYS: Record<string, Partial<TrainOptions>> = {
  "defaults": {},
  "Matryoshka groups, two power steps": {
    matryoshka: [8, 16],
    powerSteps: 2,
    sums: 3,
  },
  "replacement and early stopping": { minUses: 30, patience: 1, passes: 8 },
  "Gaussian atoms, few rows for statistics": {
    init: "gaussian",
    statsRows: 90,
  },
  "rows that share their nonzeros": { maxSparsity: 6 },
  "one batch a pass": { sampleBatch: 1000, nonnegative: true },
};

for (const [name, options] of Object.entries(WAYS)) {
  Deno.test(`learn() together gives the same bytes on 1, 2, 4 and 8 ranks with float64 sums: ${name}`, async () => {
    const [one] = await learnedBy(1, options);
    for (const ranks of [2, 4, 8]) {
      const all = await learnedBy(ranks, options);
      for (const { model } of all) assert.deepEqual(model, one.model);
      assert.deepEqual(linesOf(all[0]), linesOf(one), `${ranks} ranks`);
      assert.equal(all[0].capped, one.capped);
      assert.deepEqual(all[0].calibration, one.calibration);
    }
  });
}

Deno.test("learn() together draws far rows in alike on any number of ranks, and tells of them once a rank", async () => {
  const notices: string[] = [];
  const hooks = (rank: number): Partial<LearnHooks> => ({
    onNotice: (notice) => void (rank === 0 && notices.push(notice)),
  });
  const [one] = await learnedBy(1, {}, hooks, withFarRows());
  const alone = notices.splice(0);
  assert.match(alone[0], /^4 rows are more than 5 times as far/);
  assert.equal(one.capped, 4);
  const [two] = await learnedBy(2, {}, hooks, withFarRows());
  assert.deepEqual(two.model, one.model);
  assert.equal(two.capped, 4);
  assert.deepEqual(notices, alone);
});

Deno.test("learn() together with float32 sums, or three ranks, comes to as good a dictionary", async () => {
  const [one] = await learnedBy(1, { passes: 10 });
  const last = (result: LearnResult) => result.lines.at(-1)!.updatedFvu;
  for (const sumType of ["f32", "f64"] as const) {
    for (const ranks of [1, 3]) {
      const [result] = await learnedBy(ranks, { passes: 10, sumType });
      const off = Math.abs(last(result) / last(one) - 1);
      assert(off < 0.05, `${ranks} ranks, ${sumType}: ${off}`);
    }
  }
});

Deno.test("learn() together goes on from a state on another number of ranks, to the same bytes", async () => {
  const [whole] = await learnedBy(1, { minUses: 20 });
  for (const [before, after] of [[4, 2], [2, 8], [4, 1]]) {
    let saved: LearnState | undefined;
    await learnedBy(before, { minUses: 20 }, (rank) => ({
      onDecision: async (state) => {
        const { iteration } = saved ?? await state();
        if (rank !== 0 || saved !== undefined || iteration < 6) return;
        saved = structuredClone(await state());
      },
    }));
    const resumed = await learnedBy(after, { minUses: 20 }, () => ({
      resume: structuredClone(saved!),
    }));
    assert.deepEqual(resumed[0].model, whole.model, `${before} to ${after}`);
  }
});

Deno.test("learn() together tells all ranks at the same decision that one was asked to stop", async () => {
  const stopped: [rank: number, iteration: number][] = [];
  let iteration = 0;
  await learnedBy(3, {}, (rank) => ({
    stopAsked: () => rank === 1 && iteration === 8,
    onProgress: (lines) => iteration = lines.at(-1)!.iteration + 1,
    onStop: () => stopped.push([rank, iteration]),
  }));
  assert.deepEqual(stopped.map(([rank]) => rank).sort(), [0, 1, 2]);
  assert(stopped.every(([, at]) => at === stopped[0][1]));
});

Deno.test("learn() together shows the ranks each training row once a pass, held-out rows never", async () => {
  const heldOut = chooseHeldOut(ROWS, 0.1, 0)!;
  const rows: number[] = [];
  const source = plantedSource();
  const watched: RowSource = {
    ...source,
    async *batches(sizes, options) {
      for await (const batch of source.batches(sizes, options)) {
        const shuffled = options?.shuffleSeed !== undefined;
        if (shuffled) rows.push(...batch.rowNumbers!);
        yield batch;
      }
    },
  };
  await learnedBy(3, { passes: 1 }, () => ({ heldOut }), watched);
  rows.sort((a, b) => a - b);
  const expected = Array.from({ length: ROWS }, (_, row) => row)
    .filter((row) => !heldOut.has(row));
  assert.deepEqual(rows, expected);
});

Deno.test("withSharing() makes as many sums as the share of atoms that a row uses asks for, but no more than atoms", () => {
  const sums = (atoms: number, sparsity: number) =>
    withSharing<Partial<TrainOptions>>({ atoms, sparsity }, true).sums;
  assert.deepEqual([sums(4096, 20), sums(512, 8), sums(8, 2)], [1, 2, 8]);
});

Deno.test("learn() refuses exact updates over shards, and two ways to say how many atoms are updated at once", async () => {
  await assert.rejects(learned({ exact: true, shards: 4 }), /--exact/);
  await assert.rejects(
    learned({ shards: 4, sums: 2, atomBatch: 4 }),
    /--sums and --atom-batch/,
  );
});
