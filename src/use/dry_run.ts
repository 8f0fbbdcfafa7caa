import type { DeviceChoice } from "../engine/engine.ts";
import { isOfDevice } from "../errors.ts";
import { type CpuPlan, cpuPlanLines, planCpu } from "../engine/cpu/plan.ts";
import { findAdapter, summarise } from "../gpu/device.ts";
import type { EngineSpec } from "../engine/engine.ts";
import { planLines, planOnThisMachine } from "../engine/gpu/plan_text.ts";
import { engineSpec } from "../learn/learn.ts";
import { mayHold } from "../learn/held.ts";
import { atomBatchOf } from "../learn/state.ts";
import type { EngineChoice } from "../coding/coder.ts";
import { estimateSeconds } from "./estimate.ts";
import { type DecoderPlan, estimateDecoder } from "./estimate_decoder.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../options/train_options.ts";
import {
  planTraining,
  sampleBatchFor,
  type TrainingPlan,
} from "../learn/plan.ts";
import { requireRowAnAtom } from "../learn/initialise.ts";
import { firstAtoms } from "./train.ts";
import { holdOut } from "../learn/held_out_groups.ts";
import { validateAgainstWidth, validateOptions } from "../options/validate.ts";
import type { RowSource } from "../rows/source.ts";

/** What a training would do and take. */
export interface DryRun {
  /** Dimensions of a row. */
  width: number;
  /** Training rows, before filters drop any. */
  rows: number;
  /** Rows held out. */
  heldOut: { rows: number };
  /** Passes over the training rows. */
  passes: number;
  /** Rows of the largest sample batch. */
  sampleBatch: number;
  /** Sample batches of all passes. */
  iterations: number;
  /** About how long the passes would take on this machine, reading and final measuring apart. */
  estimatedSeconds: number;
  /** What the training of the atoms as a decoder would take after the passes; absent where none is asked for. */
  decoder?: DecoderPlan;
  /** What the CPU engine would take; absent where a GPU would do the work. */
  cpu?: CpuPlan & { lines: string[] };
  /** The memory plan on this machine's GPU; absent where the CPU would do the work. */
  gpu?: {
    adapter: string;
    neededBytes: number;
    availableBytes: number;
    lines: string[];
  };
  /** Why the GPU that is there would not do it but the CPU, where it was not insisted on. */
  problem?: string;
}

/**
 * Checks a training's parameters against its rows and tells what it would take, without training: only the first row is
 * read, by which filters show that they can be applied, and two small iterations on made-up rows tell about how long it
 * would be.
 *
 * @param source where the rows would come from
 * @param options what would be learned
 * @param device the engine that is asked for
 * @param threads of a CPU engine; all that the machine has by default
 * @param blas the native BLAS that makes its products, as for `train`
 * @throws {DbksvdError} as `train` would: `usage`, `data`, and `device` where a GPU is insisted on and it does not fit
 */
export async function dryRun(
  source: RowSource,
  options: Partial<TrainOptions> = {},
  device: DeviceChoice = "auto",
  threads?: number | undefined,
  blas?: string | undefined,
): Promise<DryRun> {
  const parameters: TrainOptions = { ...DEFAULT_TRAIN_OPTIONS, ...options };
  validateOptions(parameters);
  validateAgainstWidth(parameters, source.width);
  const { rowCount, width } = source;
  const heldOut = (await holdOut(source, parameters)).rows?.size ?? 0;
  const rows = rowCount - heldOut;
  if (parameters.init === "rows") requireRowAnAtom(rows, parameters.atoms);
  else await firstAtoms({}, parameters, width);
  const plan = planTraining(
    rows,
    sampleBatchFor(parameters, rows),
    parameters.passes,
  );
  for await (const { rows } of source.batches(1)) if (rows > 0) break;
  const normalisation = { mean: new Float32Array(width), scale: 1 };
  const spec = engineSpec(width, parameters, normalisation, plan);
  const work: Work = { device, threads, blas };
  const share = await shareOf(spec, plan, work, mayHold(source, rows));
  const beside = share.gpu === undefined ? "cpu" : "gpu";
  const estimatedSeconds = await estimateSeconds(
    spec,
    plan,
    atomBatchOf(parameters),
    { ...work, device: beside },
  );
  const { decoderSteps: steps = 0 } = parameters;
  const decoder = steps === 0
    ? undefined
    : await estimateDecoder(spec, { steps, rows, beside, device, threads });
  return {
    width,
    rows,
    heldOut: { rows: heldOut },
    passes: parameters.passes,
    sampleBatch: plan.batches[0],
    iterations: plan.iterations,
    estimatedSeconds,
    ...decoder !== undefined && { decoder },
    ...share,
  };
}

// What was asked to do the work.
type Work = Pick<EngineChoice, "threads" | "blas"> & { device: DeviceChoice };

// What does the work and what it takes: a GPU, unless one that was not insisted on cannot.
async function shareOf(
  spec: EngineSpec,
  plan: TrainingPlan,
  work: Work,
  mayHold: boolean,
): Promise<Pick<DryRun, "cpu" | "gpu" | "problem">> {
  const onCpu = () => cpuShare(spec, plan, work, mayHold);
  if (!await takesGpu(work.device)) return onCpu();
  try {
    return await gpuShare(spec);
  } catch (error) {
    if (work.device === "gpu" || !isOfDevice(error)) throw error;
    return { ...onCpu(), problem: error.what };
  }
}

// Whether a GPU would do the work: a software driver's is left to the CPU engine, unless it is insisted on.
async function takesGpu(device: DeviceChoice): Promise<boolean> {
  if (device !== "auto") return device === "gpu";
  const adapter = await findAdapter();
  return adapter !== undefined && !summarise(adapter).software;
}

function cpuShare(
  spec: EngineSpec,
  { batches, passes }: TrainingPlan,
  { threads, blas }: Work,
  mayHold: boolean,
): Pick<DryRun, "cpu"> {
  const again = mayHold && passes > 1;
  const plan = planCpu(spec, batches, { threads, blas, again });
  return { cpu: { ...plan, lines: cpuPlanLines(plan) } };
}

async function gpuShare(spec: EngineSpec): Promise<Pick<DryRun, "gpu">> {
  const planned = await planOnThisMachine(spec);
  const { needed: neededBytes, had: availableBytes } = planned.plan;
  const { adapter } = planned;
  const lines = planLines(planned);
  return { gpu: { adapter, neededBytes, availableBytes, lines } };
}
