import type { EngineSpec } from "../engine.ts";
import { openDevice } from "../../gpu/device.ts";
import { type GpuPlan, gramSearch, planGpu } from "./plan.ts";
import { tuningFor } from "./tuning.ts";

/** What a run would take on this machine's GPU: for `doctor --plan` and `train --dry-run`. */
export interface PlannedRun {
  /** The adapter's name. */
  adapter: string;
  plan: GpuPlan;
  /** How the Gram would be searched. */
  search: string;
}

/**
 * Works out a run's memory plan on this machine's GPU without allocating anything.
 *
 * @param spec what the engine would be for
 * @throws {DbksvdError} `device`, where there is no adapter, or where it does not fit, with the numbers and what would
 */
export async function planOnThisMachine(spec: EngineSpec): Promise<PlannedRun> {
  const gpu = await openDevice({ timings: false });
  try {
    const tuning = tuningFor(gpu.adapter, gpu.limits);
    return {
      adapter: gpu.adapter.name,
      plan: planGpu(spec, gpu.limits, tuning),
      search: gramSearch(spec, tuning),
    };
  } finally {
    gpu.close();
  }
}

/** A plan as lines to print. */
export function planLines({ adapter, plan, search }: PlannedRun): string[] {
  const size = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`.padStart(12);
  const form = {
    gram: `from a Gram matrix (${search})`,
    product: "by products of residuals and atoms",
    correlations: "by their largest correlations",
  }[plan.form];
  return [
    `${adapter}: ${size(plan.needed).trim()} of ${size(plan.had).trim()}`,
    ...plan.buffers.filter(({ bytes }) => bytes > 0)
      .map(({ name, bytes }) => `${size(bytes)}  ${name}`),
    `rows are coded ${form}, ${plan.chunkRows} at a time`,
    `bindings: rows ${plan.rows.parts}, dictionary ${plan.dictionary.parts}, Gram ${
      plan.form === "gram" ? plan.groups[0].gram.parts : 0
    }`,
  ];
}
