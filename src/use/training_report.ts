import { nearestAtoms } from "../metrics/dictionary.ts";
import type { DictionaryModel } from "../model/model.ts";
import { renderReport } from "../report/report.ts";
import type { TrainResult } from "./train.ts";

/** Most multiplications spent on the coherence of the atoms: some seconds. */
const COHERENCE_LIMIT = 2e10;

/**
 * The report of a training, as a further file for the model directory.
 *
 * @param name the model's name
 * @param result the training
 */
export async function trainingReport(
  name: string,
  { model, config, metrics, heldOut }: TrainResult,
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
      prefixes: heldOut.prefixes,
    },
    coherence: coherenceOf(model),
  });
  return await Promise.resolve({ "report.html": report });
}

function coherenceOf(model: DictionaryModel): Float32Array | undefined {
  if (model.atoms ** 2 * model.width > COHERENCE_LIMIT) return undefined;
  return Float32Array.from(
    nearestAtoms(model, 1),
    (neighbours) => Math.abs(neighbours.similarities[0] ?? 0),
  );
}
