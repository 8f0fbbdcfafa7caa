import { basename, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { exists, writeFileAtomically } from "../files/atomic.ts";
import { parseJson, readText } from "../files/text.ts";
import type { SweepEntry, SweepResult } from "../metrics/sweep_result.ts";
import { loadModel, MODEL_FILES } from "../model/directory.ts";
import type { DictionaryModel, ModelConfig } from "../model/model.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { RowSource } from "../rows/source.ts";
import { trainingReport } from "./report.ts";
import { counted } from "../text.ts";
import { trainToDirectory } from "./train_directory.ts";
import type { TrainRun } from "./train.ts";
import type { CheckpointSchedule } from "./unfinished.ts";

/** The names of a sweep's own files. */
export const SWEEP_FILES = {
  table: "sweep.json",
  page: "report.html",
} as const;

/** Where a sweep keeps its models. */
export interface SweepOutput {
  /** A directory: a model directory for each training goes into it. */
  out: string;
  /**
   * Train all models again, and replace whatever is there. Otherwise models of the same options and inputs are kept as
   * they are, and unfinished ones gone on with.
   */
  overwrite?: boolean | undefined;
  /** How often an unfinished training is saved; every 60 s by default. */
  checkpointEvery?: CheckpointSchedule | undefined;
  /** How the rows were read, for the records. */
  reading?: Record<string, unknown> | undefined;
  /** The column that they came from, for the records; that of {@linkcode SweepEntry} goes before it. */
  column?: string | undefined;
}

/**
 * Refuses a directory that is no place for a sweep: a model's own, or one with another page.
 *
 * @throws {DbksvdError} `usage`
 */
export async function requireSweepPlace(
  { out, overwrite }: SweepOutput,
): Promise<void> {
  const holds = (name: string) => exists(join(out, name));
  if (await holds(MODEL_FILES.dictionary) || await holds(MODEL_FILES.config)) {
    throw refused(out, "The sweep's directory is a model's");
  }
  if (overwrite || await holds(SWEEP_FILES.table)) return;
  if (await holds(SWEEP_FILES.page)) {
    throw refused(out, "The sweep's directory holds another report");
  }
}

function refused(out: string, what: string): DbksvdError {
  return new DbksvdError("usage", what, {
    where: { file: out },
    mend: "name another --out",
  });
}

/** Trains into a directory of the sweep's; what is there already is loaded, what is unfinished gone on with. */
export async function trainInto(
  name: string,
  { source, column }: { source: RowSource; column: string | undefined },
  parameters: TrainOptions,
  output: SweepOutput,
  run: TrainRun,
): Promise<{ model: DictionaryModel; config: ModelConfig }> {
  const out = join(output.out, name);
  const { overwrite, checkpointEvery, reading } = output;
  await trainToDirectory(source, parameters, {
    out,
    overwrite,
    checkpointEvery,
    resume: !overwrite && await exists(out),
    column: column ?? output.column,
    ...reading && { reading },
    extras: (result) => trainingReport(name, result),
  }, run);
  const { model, config } = await loadModel(out);
  return { model, config };
}

/**
 * Writes a sweep's table and page beside its models, and says how many trainings of an earlier sweep they no longer
 * show.
 *
 * @param out the sweep's directory
 * @param result what it came to
 * @param onNotice called where there are such
 * @throws {DbksvdError} `run` where a file cannot be written
 */
export async function writeSweep(
  out: string,
  result: SweepResult,
  onNotice?: (notice: string) => void,
): Promise<void> {
  const left = await leftOut(join(out, SWEEP_FILES.table), result);
  if (left > 0) {
    onNotice?.(
      `Table and page show this sweep alone: ${
        counted(left, "model")
      } of an earlier one stay beside them`,
    );
  }
  const { renderSweep } = await import("../report/sweep.ts");
  const write = (name: string, text: string) =>
    writeFileAtomically(join(out, name), [new TextEncoder().encode(text)]);
  await write(SWEEP_FILES.table, `${JSON.stringify(result, null, 2)}\n`);
  await write(SWEEP_FILES.page, renderSweep(out, result));
}

// Models that the table has had so far and that this sweep did not train; none where it cannot be read.
async function leftOut(table: string, { runs }: SweepResult): Promise<number> {
  const nameOf = ({ model }: Pick<SweepEntry, "model">) =>
    model && basename(model);
  try {
    const before: SweepResult = parseJson(await readText(table)) as SweepResult;
    const now = new Set(runs.map(nameOf));
    return before.runs.filter((run) => !now.has(nameOf(run))).length;
  } catch {
    return 0;
  }
}
