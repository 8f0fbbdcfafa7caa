import { join } from "node:path";
import { nearestAtoms } from "../metrics/dictionary.ts";
import { writeFileAtomically } from "../model/atomic.ts";
import { loadModel } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import { renderReport, reportForModel } from "../report/report.ts";
import type { DetailedEvaluation } from "./evaluate.ts";
import type { TrainResult } from "./train.ts";

/** The report's name in a model directory. */
export const REPORT_FILE = "report.html";

/** Most multiplications spent on the coherence of the atoms: some seconds. */
const COHERENCE_LIMIT = 2e10;

/**
 * The report of a training, as a further file for the model directory.
 *
 * @param name the model's name
 * @param result the training
 */
export function trainingReport(
  name: string,
  { model, config, metrics, heldOut, heldOutCodes }: TrainResult,
): Promise<Record<string, string>> {
  const report = renderReport({
    name,
    model,
    config,
    metrics,
    evaluation: heldOut && {
      rowsName: "held-out rows",
      rows: config.rows.heldOut,
      metrics: heldOut,
      ...heldOutCodes?.distributions,
      prefixes: heldOut.prefixes,
    },
    coherence: coherenceOf(model),
  });
  return Promise.resolve({ [REPORT_FILE]: report });
}

/**
 * Writes a model directory's report again, with an evaluation in it.
 *
 * @param directory the model directory
 * @param evaluation what was measured
 * @param rowsName what the rows are, in words
 * @throws {DbksvdError} `run` where the file cannot be written
 */
export async function refreshReport(
  directory: string,
  { rows, metrics, use, distributions }: DetailedEvaluation,
  rowsName: string,
): Promise<void> {
  const { model } = await loadModel(directory);
  const report = await reportForModel(directory, {
    evaluation: {
      rowsName,
      rows,
      metrics,
      usage: use.rows,
      values: distributions.values,
      nonzeros: distributions.nonzeros,
      prefixes: metrics.prefixes,
    },
    coherence: coherenceOf(model),
  });
  await writeFileAtomically(join(directory, REPORT_FILE), [
    new TextEncoder().encode(report),
  ]);
}

function coherenceOf(model: DictionaryModel): Float32Array | undefined {
  if (model.atoms ** 2 * model.width > COHERENCE_LIMIT) return undefined;
  return Float32Array.from(
    nearestAtoms(model, 1),
    ({ similarities }) => Math.abs(similarities[0] ?? 0),
  );
}
