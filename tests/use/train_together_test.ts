import assert from "node:assert/strict";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { chooseHeldOut, chooseTrainingSample } from "../../src/learn/split.ts";
import { openRows } from "../../src/rows/open.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { evaluate } from "../../src/use/evaluate.ts";
import { train } from "../../src/use/train.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";

const WIDTH = 10, ROWS = 403;
const { data } = plantRows({
  rows: ROWS,
  width: WIDTH,
  atoms: 20,
  sparsity: 2,
  noise: 0.1,
});
const source = () => rowsFromArray(data, WIDTH);
const run = { createEngine: createReferenceEngine };
const options = {
  ...{ atoms: 20, sparsity: 3, matryoshka: [8, 12], passes: 2, normCap: 1.2 },
  ...{ holdout: 0.2, shards: 16, sumType: "f64" as const },
};

/** Rows as they are, with how many were delivered in order, as they are for measuring. */
function counted(source: RowSource): RowSource & { measured: number } {
  const watched = {
    ...source,
    measured: 0,
    async *batches(...given: Parameters<RowSource["batches"]>) {
      for await (const batch of source.batches(...given)) {
        if (given[1]?.only !== undefined) watched.measured += batch.rows;
        yield batch;
      }
    },
  };
  return watched;
}

Deno.test("train() measures to the last bit the same on any number of ranks of a power of two, each its own rows", async () => {
  const alone = await train(source(), options, run);
  const { heldOut, training, heldOutCodes } = alone;
  assert.equal(heldOut!.rows, 81);
  for (const ranks of [1, 2, 4]) {
    const sources = Array.from({ length: ranks }, () => counted(source()));
    const all = await Promise.all(
      inProcessGroup(ranks).map((group) =>
        train(sources[group.rank], options, { ...run, group })
      ),
    );
    for (const one of all) {
      assert.deepEqual(one.heldOut, heldOut);
      assert.deepEqual(one.training, training);
      assert.deepEqual(one.heldOutCodes, heldOutCodes);
      assert.deepEqual(one.config.heldOut, alone.config.heldOut);
    }
    const measured = sources.map((one) => one.measured);
    assert.equal(measured.reduce((sum, rows) => sum + rows), 2 * 81);
    assert(Math.max(...measured) < 1.4 * 2 * 81 / ranks, `${measured}`);
  }
});

Deno.test("train() measures what measuring each of the two sets by itself does", async () => {
  const trained = await train(source(), options, run);
  const { model, heldOutCodes } = trained;
  const heldOut = chooseHeldOut(ROWS, options.holdout, 0)!;
  const sample = chooseTrainingSample(ROWS, heldOut, 0);
  const alone = await evaluate(model, source(), {
    ...run,
    rows: { only: heldOut },
  });
  assert.deepEqual(heldOutCodes!.use.rows, alone.use.rows);
  assert.deepEqual(heldOutCodes!.distributions, alone.distributions);
  const beside = await evaluate(model, source(), {
    ...run,
    rows: { only: sample },
  });
  for (
    const [found, { metrics }] of [
      [trained.heldOut!, alone],
      [trained.training!, beside],
    ] as const
  ) {
    assert.equal(found.rows, 81);
    for (const name of ["fvu", "mse", "cosine_similarity", "l0"] as const) {
      const off = Math.abs(found[name] / metrics[name] - 1);
      assert(off < 1e-12, `${name} is ${off} off`);
    }
  }
});

Deno.test("with decoderSteps, atoms are trained on: one dictionary on any number of ranks and threads, held-out rows left alone", async () => {
  const fitted = { ...options, decoderSteps: 40, nonnegative: true };
  const before = await train(source(), { ...fitted, decoderSteps: 0 }, run);
  const alone = await train(source(), fitted, { ...run, threads: 1 });
  assert.notDeepEqual(alone.model.dictionary, before.model.dictionary);
  // Learned from the training rows only: the same atoms whatever the held-out rows are.
  const other = data.slice();
  const heldOut = chooseHeldOut(ROWS, 0.2, 0)!;
  for (let row = 0; row < ROWS; row++) {
    if (!heldOut.has(row)) continue;
    other.subarray(row * WIDTH, (row + 1) * WIDTH).fill(row % 7);
  }
  const elsewhere = await train(rowsFromArray(other, WIDTH), fitted, run);
  assert.deepEqual(elsewhere.model.dictionary, alone.model.dictionary);
  // Uses are those of the new atoms, as a pass would count them.
  const uses = alone.model.usage.reduce((sum, count) => sum + count, 0);
  assert(Math.abs(uses / (322 * 3) - 1) < 0.1, `${uses}`);
  const all = await Promise.all(
    inProcessGroup(2).map((group) =>
      train(source(), fitted, { ...run, threads: 2, group })
    ),
  );
  for (const { model } of all) assert.deepEqual(model, alone.model);
});

Deno.test("with decoderSteps, rows that early stopping watches are not trained on, and uses are k a row though rows share theirs", async () => {
  const { shards: _, sumType: __, ...plain } = options;
  const both = { ...plain, patience: 2, decoderSteps: 40, maxSparsity: 6 };
  const { model, config } = await train(source(), both, run);
  const uses = model.usage.reduce((sum, count) => sum + count, 0);
  assert(Math.abs(uses / (config.rows.training * 3) - 1) < 0.1, `${uses}`);
  assert.equal(config.calibration!.on, "validation");
  const heldOut = chooseHeldOut(ROWS, 0.2, 0)!;
  const trained = ROWS - heldOut.size - config.calibration!.rows;
  let deliveries = 0;
  const rows: RowSource = {
    ...source(),
    batches(size, delivery = {}) {
      // What is learned from comes in random order.
      if (delivery.shuffleSeed !== undefined) {
        deliveries++;
        assert.equal(ROWS - delivery.except!.size, trained);
      }
      return source().batches(size, delivery);
    },
  };
  await train(rows, both, run);
  assert(deliveries >= 2, `${deliveries}`);
});

Deno.test("uses after decoderSteps are those of a whole pass, also where only some of its rows are coded for them", async () => {
  const width = 4, count = 20_000;
  const values = Float32Array.from(
    { length: count * width },
    (_, i) => Math.sin(i * i),
  );
  const { model } = await train(rowsFromArray(values, width), {
    ...{ atoms: 8, sparsity: 2, passes: 1, holdout: 0, decoderSteps: 1 },
  }, { device: "cpu", threads: 1 });
  const uses = model.usage.reduce((sum, each) => sum + each, 0);
  assert(Math.abs(uses / (2 * count) - 1) < 0.01, `${uses}`);
});

Deno.test("train() counts the rows that all ranks dropped, each once, held-out ones among them", async () => {
  const file = await Deno.makeTempFile({ suffix: ".f32" });
  const values = data.slice();
  const invalid = chooseHeldOut(ROWS, 0.5, 7)!;
  for (let row = 0; row < ROWS; row++) {
    if (invalid.has(row)) values[row * WIDTH + 3] = NaN;
  }
  await Deno.writeFile(file, new Uint8Array(values.buffer));
  const rowsBy = async (decoderSteps: number) => {
    const own = { ...options, decoderSteps, nonnegative: true };
    const [one] = await Promise.all(
      inProcessGroup(2).map(async (group) => {
        const reading = { width: WIDTH, skipInvalid: true };
        await using rows = await openRows(file, reading);
        return await train(rows, own, { ...run, group });
      }),
    );
    return one.config.rows;
  };
  const { training, heldOut, dropped } = await rowsBy(0);
  assert.deepEqual(dropped, { invalid: invalid.size });
  assert.equal(training + heldOut, ROWS - invalid.size);
  // Those that the first rank reads of the other one for the decoder's steps do not count again.
  const { invalid: withSteps } = (await rowsBy(3)).dropped;
  assert(withSteps <= invalid.size && withSteps > 0.97 * invalid.size);
});

Deno.test("with statsRows, a few rows may be invalid that nobody has counted; of many it is said what to do", async () => {
  const few = { ...options, statsRows: 90, shards: 4, sampleBatch: 100 };
  const by = async (ranks: number, invalid: number[]) => {
    const file = await Deno.makeTempFile({ suffix: ".f32" });
    const values = data.slice();
    for (const row of invalid) values[row * WIDTH] = NaN;
    await Deno.writeFile(file, new Uint8Array(values.buffer));
    const ended = await Promise.allSettled(
      inProcessGroup(ranks).map(async (group) => {
        const reading = { width: WIDTH, skipInvalid: true };
        await using rows = await openRows(file, reading);
        const { model } = await train(rows, few, { ...run, group });
        return model;
      }),
    );
    return ended[0].status === "fulfilled"
      ? ended[0].value
      : String(ended[0].reason);
  };
  const one = await by(1, [120, 300]);
  assert(typeof one === "object", String(one));
  assert.deepEqual(await by(2, [120, 300]), one);
  const many = Array.from({ length: 60 }, (_, i) => 40 + i);
  assert.match(String(await by(1, many)), /fewer rows.*leave --stats-rows out/);
});

Deno.test("ranks whose options or rows differ train nothing", async () => {
  const fewer = rowsFromArray(data.slice(WIDTH), WIDTH);
  const out = await Deno.makeTempDir();
  for (
    const [rows, changes, output, why] of [
      [fewer, {}, {}, /another number of rows \(402\)/],
      [source(), { seed: 1 }, {}, /another seed \(1\) than rank 0 \(0\)/],
      [
        source(),
        {},
        { column: "b" },
        /another column \("b"\) than rank 0 \(none\)/,
      ],
      [source(), {}, { reading: { unitNorm: true } }, /another unitNorm/],
    ] as const
  ) {
    const ended = inProcessGroup(2).map((group) => {
      const own = { ...run, group }, to = { out: `${out}/model` };
      return group.rank === 0
        ? trainToDirectory(source(), options, to, own)
        : trainToDirectory(rows, { ...options, ...changes }, {
          ...to,
          ...output,
        }, own);
    });
    for (const one of await Promise.allSettled(ended)) {
      assert.match(String((one as PromiseRejectedResult).reason), why);
    }
  }
  assert.deepEqual(await Array.fromAsync(Deno.readDir(out)), []);
});

Deno.test("trainToDirectory() does not start again by itself where others would wait: retries are for one process", async () => {
  const [group] = inProcessGroup(2), out = "nowhere";
  await assert.rejects(
    trainToDirectory(source(), options, { out, retries: 1 }, { ...run, group }),
    /retries.* is for one process/,
  );
});
