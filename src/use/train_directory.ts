import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { DEFAULT_TRAIN_OPTIONS, type TrainOptions } from "../learn/options.ts";
import { validateOptions } from "../learn/validate.ts";
import { exists } from "../model/atomic.ts";
import { loadModel, MODEL_FILES, saveModel } from "../model/directory.ts";
import type { ModelConfig } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { scalars, train, type TrainResult, type TrainRun } from "./train.ts";

/** Where a trained model goes. */
export interface TrainOutput {
  /** The model directory. */
  out: string;
  /** Replace what is there, whatever it is a model of. */
  overwrite?: boolean;
  /** The column the rows came from, for the record. */
  column?: string;
  /** Further files for the model directory, made from the result, such as the report. */
  extras?(result: TrainResult): Promise<Record<string, string>>;
}

/** What `train --json` prints. */
export interface TrainSummary {
  model: string;
  device: ModelConfig["device"];
  rows: number;
  heldOut?: { rows: number; fvu: number } & Record<string, number>;
  passes: number;
  seconds: number;
  config: ModelConfig;
}

/**
 * Trains and writes the model directory, whole or not at all. A finished model of the same configuration and inputs is
 * replaced; anything else in the way is refused unless `overwrite` is set.
 *
 * @param source where the rows come from
 * @param options what to learn
 * @param output where the model goes
 * @param run the device, progress, an `AbortSignal`
 * @throws {DbksvdError} as {@linkcode train} does, and `usage` where the directory is in the way
 */
export async function trainToDirectory(
  source: RowSource,
  options: Partial<TrainOptions>,
  output: TrainOutput,
  run: TrainRun = {},
): Promise<TrainSummary> {
  const parameters = { ...DEFAULT_TRAIN_OPTIONS, ...options };
  validateOptions(parameters);
  if (!output.overwrite) await refuseOther(output.out, parameters, source);
  const result = await train(source, options, run);
  if (output.column !== undefined) result.config.column = output.column;
  const extras = await output.extras?.(result) ?? {};
  await saveModel(
    output.out,
    result.model,
    result.config,
    result.metrics,
    extras,
  );
  return {
    model: output.out,
    device: result.config.device,
    rows: result.config.rows.training,
    heldOut: result.heldOut && {
      ...scalars(result.heldOut),
      rows: result.config.rows.heldOut,
      fvu: result.heldOut.fvu,
    },
    passes: parameters.passes,
    seconds: result.seconds,
    config: result.config,
  };
}

async function refuseOther(
  out: string,
  parameters: TrainOptions,
  source: RowSource,
): Promise<void> {
  if (!await exists(out)) return;
  if (!await exists(join(out, MODEL_FILES.config))) {
    for await (const _entry of Deno.readDir(out)) {
      throw new DbksvdError(
        "usage",
        "The output directory holds something else",
        {
          where: { file: out },
          mend: "name another --out, or replace it with --overwrite",
        },
      );
    }
    return;
  }
  const { config } = await loadModel(out);
  const inputs = source.files.map(({ path, rows, bytes }) => ({
    path,
    rows,
    bytes,
  }));
  const same = sameJson(config.parameters, parameters) &&
    sameJson(config.inputs, inputs);
  if (same) return;
  throw new DbksvdError("usage", "The output directory holds another model", {
    where: { file: out },
    mend: "name another --out, or replace it with --overwrite",
  });
}

// Compares by value; a key that is undefined counts as absent, as it does in JSON.
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
