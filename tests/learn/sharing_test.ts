import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseHeldOut } from "../../src/learn/split.ts";
import { thresholdFor } from "../../src/learn/threshold.ts";
import type { RowSource } from "../../src/rows/source.ts";
import {
  learned,
  metricsOf,
  PLANTED,
  plantedSource,
  WIDTH,
} from "./setting.ts";

const ROWS = PLANTED.data.length / WIDTH;

/** Below it, float32 numbers are too few for narrow brackets. */
const LEAST = 2 ** -126;

Deno.test("thresholdFor() finds the threshold of a mean, whatever it falls by", async () => {
  const problems = fc.record({
    scale: fc.constantFrom(1e-4, 0.3, 1, 50, 1e5),
    power: fc.constantFrom(0.3, 1, 4),
    steps: fc.integer({ min: 1, max: 5000 }),
    target: fc.double({ min: 0.5, max: 15.5, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(problems, async ({ scale, power, steps, target }) => {
      let calls = 0;
      const mean = (threshold: number) => {
        assert(++calls < 100, "it ends");
        const whole = 16 / (1 + (threshold / scale) ** power);
        return Promise.resolve(Math.floor(whole * steps) / steps);
      };
      const { threshold, l0 } = await thresholdFor(mean, target, 1);
      assert.equal(threshold, Math.fround(threshold));
      assert.equal(l0, await mean(threshold));
      assert(l0 <= target);
      const next = threshold < LEAST ? 0 : threshold * (1 - 2e-5);
      const less = await mean(next);
      assert(l0 >= 0.999 * target || less > target, `${l0} of ${target}`);
    }),
  );
});

Deno.test("thresholdFor() gives 0 where rows have no more nonzeros than they may", async () => {
  const found = await thresholdFor(() => Promise.resolve(3), 3, 1);
  assert.deepEqual(found, { threshold: 0, l0: 3 });
});

Deno.test("thresholdFor() ends where the mean falls at once, however little is asked for", async () => {
  const mean = (threshold: number) =>
    Promise.resolve(threshold === 0 ? 16 : 15);
  const { threshold, l0 } = await thresholdFor(mean, 15.1, 1);
  assert.equal(l0, 15);
  assert(threshold > 0);
});

Deno.test("thresholdFor() is not held up by an end that is off by next to nothing", async () => {
  let calls = 0;
  const mean = (threshold: number) => {
    assert(++calls < 100, "it ends");
    const whole = 16 / (1 + (threshold / 50) ** 4);
    return Promise.resolve(Math.floor(whole * 12) / 12);
  };
  const { l0 } = await thresholdFor(mean, 15.499999999999993, 1);
  assert.equal(l0, 185 / 12);
});

Deno.test("learn() calibrates the threshold under which held-out rows have k nonzeros on average", async () => {
  const heldOut = chooseHeldOut(ROWS, 0.25, 0)!;
  const plain = await learned({}, { heldOut });
  const shared = await learned({ maxSparsity: 6 }, { heldOut });
  assert.deepEqual(shared.model.dictionary, plain.model.dictionary);
  assert.equal(plain.calibration, undefined);
  const { threshold, l0, on, rows } = shared.calibration!;
  assert.deepEqual([on, rows], ["held-out", heldOut.size]);
  assert(l0 <= 3 && l0 > 2.95, `${l0}`);
  assert.deepEqual(shared.model.coder, {
    ...plain.model.coder,
    maxSparsity: 6,
    threshold,
  });
  const [own, sharing] = [
    await metricsOf(plain.model),
    await metricsOf(shared.model),
  ];
  assert(Math.abs(sharing.l0 - 3) < 0.2, `${sharing.l0}`);
  assert(sharing.l0_std! > 0.3);
  assert(sharing.fvu < own.fvu, `${sharing.fvu} and ${own.fvu}`);
});

Deno.test("learn() calibrates on training rows where none are held out, on watched ones where there are", async () => {
  const all = await learned({ maxSparsity: 5, passes: 2 });
  assert.deepEqual(
    [all.calibration!.on, all.calibration!.rows],
    ["training", ROWS],
  );
  const watching = await learned({ maxSparsity: 5, passes: 2, patience: 1 }, {
    heldOut: chooseHeldOut(ROWS, 0.25, 0)!,
  });
  assert.deepEqual(
    [watching.calibration!.on, watching.calibration!.rows],
    ["validation", ROWS * 0.075],
  );
});

Deno.test("learn() calibrates on held-out rows where filters leave none that were watched, and on training rows where they leave neither", async () => {
  const all = plantedSource();
  const none = async function* () {};
  const heldOut = chooseHeldOut(ROWS, 0.25, 0)!;
  const watched = Math.round(0.1 * (ROWS - heldOut.size));
  const found = async (...dropped: number[]) => {
    const source: RowSource = {
      ...all,
      batches: (rows, options) =>
        dropped.includes(options?.only?.size ?? 0)
          ? none()
          : all.batches(rows, options),
    };
    const { calibration } = await learned(
      { maxSparsity: 5, passes: 2, patience: 1 },
      { heldOut },
      source,
    );
    assert(calibration!.l0 > 2.5 && calibration!.l0 <= 3);
    return [calibration!.on, calibration!.rows];
  };
  assert.deepEqual(await found(watched), ["held-out", heldOut.size]);
  const learnedFrom = ROWS - heldOut.size - watched;
  assert.deepEqual(
    await found(watched, heldOut.size),
    ["training", learnedFrom],
  );
});
