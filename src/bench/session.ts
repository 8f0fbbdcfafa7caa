import type { EngineSpec } from "../engine/engine.ts";
import { createGpuContext, type GpuEngineOptions } from "../engine/gpu/open.ts";
import type { GpuContext } from "../engine/gpu/context.ts";
import { uploadDictionary } from "../engine/gpu/dictionary.ts";
import { sortCodes } from "../engine/gpu/stages/lists.ts";
import { correlate } from "../engine/gpu/stages/correlate.ts";
import { computeGram } from "../engine/gpu/stages/gram.ts";
import { pursue } from "../engine/gpu/stages/pursue.ts";
import { refineSupports } from "../engine/gpu/stages/refine.ts";
import { subtractCodes } from "../engine/gpu/stages/residual.ts";
import { codingRuns } from "../engine/gpu/stages/runs.ts";
import { needsCoefficients, refit } from "../engine/gpu/stages/solve.ts";
import { RowLoader } from "../engine/gpu/stages/rows.ts";
import { updateGroup } from "../engine/gpu/stages/update.ts";
import { atomOrder } from "../learn/plan.ts";
import type { StageName } from "./types.ts";

/** A problem on the device whose stages can be run one at a time. */
export interface StageSession {
  context: GpuContext;
  data: Float32Array;
  rows: number;
  dictionary: Float32Array;
  order: Uint32Array;
  atomBatch: number;
  ridge: number;
}

/** The runs of one stage take so long together, so that the wait at their end (11 ms in Deno) weighs little, */
export const LEAST_MS = 1000;

/** but are no more than this. */
const MOST_RUNS = 1000;

/** Runs that tell how long one takes, beside one alone: what the wait adds to both falls out. */
const TRIAL_RUNS = 5;

/** Opens a device and puts a problem on it. */
export async function openSession(
  spec: EngineSpec,
  problem: { data: Float32Array; rows: number; dictionary: Float32Array },
  options: { atomBatch: number; ridge: number } & GpuEngineOptions,
): Promise<StageSession> {
  const { atomBatch, ridge, ...device } = options;
  const context = await createGpuContext(spec, { ...device, timings: false });
  const session = {
    ...problem,
    context,
    atomBatch,
    ridge,
    order: atomOrder(spec.groups, 0, 0, false),
  };
  reset(session);
  return session;
}

/** Brings rows, dictionary and the order of atoms back to where they began. */
export function reset(session: StageSession): void {
  const { context, data, rows, dictionary, order } = session;
  uploadDictionary(context, dictionary);
  new RowLoader(context).load(data, rows);
  const turns = new Uint32Array(order.length);
  order.forEach((atom, turn) => turns[atom] = turn);
  context.runner.upload(context.buffers.order, order);
  context.runner.upload(context.buffers.turns, turns);
  context.runner.submit();
}

/** The stages of an iteration, in order, each as one run of it. */
export function sessionStages(
  session: StageSession,
): { stage: StageName; run(): void }[] {
  const { context, rows, atomBatch, ridge } = session;
  const { coder } = context.spec, runs = codingRuns(context, rows);
  const each = (work: (run: typeof runs[number]) => void) => () =>
    runs.forEach(work);
  const limits = { most: coder.sparsity, threshold: 0 };
  const stages = [
    { stage: "gram" as const, run: () => computeGram(context, 0) },
    {
      stage: "correlate" as const,
      run: each((run) => correlate(context, 0, run)),
    },
    {
      stage: coder.method === "mp" ? "mp" as const : "omp" as const,
      run: each((run) => pursue(context, 0, run, limits)),
    },
    {
      // With the pursuit that it betters: refined supports would leave a second run nothing to do.
      stage: "refine" as const,
      run: each((run) => {
        pursue(context, 0, run, limits);
        refineSupports(context, 0, run);
      }),
    },
    {
      stage: "refit" as const,
      run: each((run) => refit(context, 0, run, ridge)),
    },
    {
      stage: "residual" as const,
      run: () => subtractCodes(context, 0, rows),
    },
    {
      stage: "lists" as const,
      run: () => sortCodes(context, 0, rows, atomBatch),
    },
    { stage: "update" as const, run: () => updateOnce(session) },
  ];
  return stages.filter(({ stage }) =>
    stage === "refit"
      ? needsCoefficients(context.spec, ridge)
      : stage !== "refine" || (coder.refine ?? 0) > 0
  );
}

// The next run goes on from the atoms that this one made, as the next iteration would.
function updateOnce({ context, rows, atomBatch }: StageSession): void {
  const { buffers } = context;
  updateGroup(context, 0, rows, { atomBatch });
  [buffers.dictionary, buffers.next] = [buffers.next, buffers.dictionary];
}

/** Milliseconds of one run: wall clock over at least `least` runs with one wait at the end. */
export async function timeRuns(
  { context }: StageSession,
  run: () => void,
  least: number,
  leastMs = LEAST_MS,
): Promise<number> {
  await timed(context, run, 1);
  const once = await timed(context, run, 1);
  const several = once > leastMs
    ? once * (1 + TRIAL_RUNS)
    : await timed(context, run, 1 + TRIAL_RUNS);
  const wanted = Math.ceil(leastMs * TRIAL_RUNS / Math.max(several - once, 1));
  const runs = Math.max(least, Math.min(MOST_RUNS, wanted));
  return await timed(context, run, runs) / runs;
}

async function timed(
  { runner, gpu }: GpuContext,
  run: () => void,
  runs: number,
): Promise<number> {
  const start = performance.now();
  for (let r = 0; r < runs; r++) run();
  runner.submit();
  await gpu.device.queue.onSubmittedWorkDone();
  gpu.check();
  return performance.now() - start;
}

/** Frees the device. */
export function closeSession({ context }: StageSession): void {
  context.buffers.memory.freeAll();
  context.gpu.close();
}
