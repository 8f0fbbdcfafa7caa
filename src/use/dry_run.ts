import type { DeviceChoice } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { planLines, planOnThisMachine } from "../engine/gpu/plan_text.ts";
import { engineSpec } from "../learn/learn.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../options/train_options.ts";
import { planTraining, sampleBatchFor } from "../learn/plan.ts";
import { chooseHeldOut } from "../learn/split.ts";
import { validateAgainstWidth, validateOptions } from "../options/validate.ts";
import type { RowSource } from "../rows/source.ts";

/** What a training would do and take. */
export interface DryRun {
  /** Dimensions of a row. */
  width: number;
  /** Training rows, before filters drop any. */
  rows: number;
  /** Rows held out. */
  heldOut: number;
  /** Passes over the training rows. */
  passes: number;
  /** Rows of the largest sample batch. */
  sampleBatch: number;
  /** Sample batches of all passes. */
  iterations: number;
  /** The memory plan on this machine's GPU; absent where the CPU is asked for. */
  gpu?: { adapter: string; needed: number; had: number; lines: string[] };
  /** Why a GPU would not do it, where one was not insisted on. */
  problem?: string;
}

/**
 * Checks a training's parameters against its rows and tells what it would take, without reading the rows or training.
 *
 * @param source where the rows would come from
 * @param options what would be learned
 * @param device the engine that is asked for
 * @throws {DbksvdError} as `train` would: `usage`, `data`, and `device` where a GPU is insisted on and it does not fit
 */
export async function dryRun(
  source: RowSource,
  options: Partial<TrainOptions> = {},
  device: DeviceChoice = "auto",
): Promise<DryRun> {
  const parameters: TrainOptions = { ...DEFAULT_TRAIN_OPTIONS, ...options };
  validateOptions(parameters);
  validateAgainstWidth(parameters, source.width);
  const { rowCount, width } = source;
  const heldOut =
    chooseHeldOut(rowCount, parameters.holdout, parameters.seed)?.size ?? 0;
  const rows = rowCount - heldOut;
  const plan = planTraining(
    rows,
    sampleBatchFor(parameters, rows),
    parameters.passes,
  );
  const normalisation = { mean: new Float32Array(width), scale: 1 };
  const spec = engineSpec(width, parameters, normalisation, plan);
  return {
    width,
    rows,
    heldOut,
    passes: parameters.passes,
    sampleBatch: plan.batches[0],
    iterations: plan.iterations,
    ...(device === "cpu" ? {} : await gpuShare(spec, device)),
  };
}

async function gpuShare(
  spec: Parameters<typeof planOnThisMachine>[0],
  device: DeviceChoice,
): Promise<Pick<DryRun, "gpu" | "problem">> {
  try {
    const planned = await planOnThisMachine(spec);
    const { needed, had } = planned.plan;
    const { adapter } = planned;
    return { gpu: { adapter, needed, had, lines: planLines(planned) } };
  } catch (error) {
    const spared = error instanceof DbksvdError && error.kind === "device" &&
      device === "auto";
    if (!spared) throw error;
    return { problem: error.message };
  }
}
