import { type EngineChoice, engineFor } from "../coding/coder.ts";
import type { Engine, EngineSpec, IterationStep } from "../engine/engine.ts";
import { atomOrder, type TrainingPlan } from "../learn/plan.ts";
import { randomStream } from "../random.ts";

/** Multiplications (rows × atoms × width) of the smaller trial: a few hundredths of a second of a processor. */
const TRIAL_WORK = 2 ** 28;

/** How much larger the second trial is. */
const LARGER = 3;

/**
 * How long a training's passes would take on this machine, from two iterations of other sizes on made-up rows: what an
 * iteration costs whatever its rows, and what a row costs. Reading the rows and the final measuring come on top.
 *
 * @param spec the engine that would do the work
 * @param plan its sample batches
 * @param atomBatch atoms updated from one residual
 * @param choice where it would run
 * @returns seconds
 * @throws {DbksvdError} `device` where the engine cannot be made
 */
export async function estimateSeconds(
  spec: EngineSpec,
  plan: TrainingPlan,
  atomBatch: number,
  choice: EngineChoice,
): Promise<number> {
  const { width, atoms } = spec;
  const largest = plan.batches[0];
  const few = Math.max(1, Math.ceil(TRIAL_WORK / (width * atoms)));
  const sizes = [few, LARGER * few].map((rows) => Math.min(rows, largest));
  const engine = await engineFor(
    { ...spec, sampleBatch: sizes[1] },
    choice,
  );
  try {
    await engine.loadDictionary(unitRows(atoms, width));
    const step: IterationStep = {
      order: atomOrder(spec.groups, 0, 0, false),
      atomBatch,
      ridge: 0,
      replace: new Uint32Array(0),
    };
    await timed(engine, step, sizes[0]); // warms up
    const [small, large] = [
      await timed(engine, step, sizes[0]),
      await timed(engine, step, sizes[1]),
    ];
    const all = plan.passes * plan.batches.reduce((sum, rows) => sum + rows, 0);
    if (sizes[1] === sizes[0]) return all * large / sizes[0];
    const perRow = Math.max(0, (large - small) / (sizes[1] - sizes[0]));
    const perIteration = Math.max(0, small - perRow * sizes[0]);
    return plan.iterations * perIteration + all * perRow;
  } finally {
    await engine.close();
  }
}

async function timed(
  engine: Engine,
  step: IterationStep,
  rows: number,
): Promise<number> {
  const data = unitRows(rows, engine.spec.width);
  const started = performance.now();
  await engine.iterate({ data, rows }, step);
  await engine.reports();
  return (performance.now() - started) / 1000;
}

/** Made-up rows of unit length, rows × width. */
export function unitRows(rows: number, width: number): Float32Array {
  const random = randomStream(0, "estimate", rows);
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    const own = values.subarray(row * width, (row + 1) * width);
    for (let d = 0; d < width; d++) {
      own[d] = random.uniform() - 0.5;
      squares += own[d] ** 2;
    }
    const length = Math.sqrt(squares) || 1;
    for (let d = 0; d < width; d++) own[d] /= length;
  }
  return values;
}
