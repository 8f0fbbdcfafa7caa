import { join } from "node:path";
import { nearestAtoms } from "../metrics/dictionary.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import { loadModel } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { DetailedEvaluation } from "./evaluate.ts";
import type { TrainedModel } from "./train.ts";

/** The report's name in a model directory. */
const REPORT_FILE = "report.html";

/** Most multiplications spent on the coherence of the atoms: some seconds. */
const COHERENCE_LIMIT = 2e10;

/**
 * The report of a training, as a further file for the model directory.
 *
 * @param name the model's name
 * @param result the training
 * @returns the file's name and text
 *
 * @example
 * ```ts
 * import { rowsFromArray, train } from "@dbksvd/dbksvd";
 * import { trainingReport } from "@dbksvd/dbksvd/report";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const result = await train(rowsFromArray(rows, 4), {
 *   atoms: 8,
 *   sparsity: 2,
 *   passes: 3,
 * }, { device: "cpu" });
 * const files = await trainingReport("waves", result);
 * assert.match(files["report.html"], /Held-out FVU/);
 * ```
 */
export async function trainingReport(
  name: string,
  { model, config, metrics, heldOut, heldOutCodes }: TrainedModel,
): Promise<Record<string, string>> {
  // Loaded where it is needed: the charts' library takes a while.
  const { courseOf, renderReport } = await import("../report/report.ts");
  const report = renderReport({
    name,
    model,
    config,
    course: await courseOf(metrics),
    evaluation: heldOut && {
      rowsName: "held-out rows",
      rows: config.rows.heldOut,
      metrics: heldOut,
      ...heldOutCodes?.distributions,
      prefixes: heldOut.prefixes,
    },
    coherence: await coherenceOf(model),
  });
  return { [REPORT_FILE]: report };
}

/**
 * Writes a model directory's report again, with an evaluation in it.
 *
 * @param directory the model directory
 * @param evaluation what was measured
 * @param rowsName what the rows are, in words
 * @throws {DbksvdError} `run` where the file cannot be written
 *
 * @example
 * ```ts
 * import { evaluate, loadDictionary, rowsFromArray, trainToDirectory } from "@dbksvd/dbksvd";
 * import { refreshReport } from "@dbksvd/dbksvd/report";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const out = `${await Deno.makeTempDir()}/waves`;
 * await trainToDirectory(source, { atoms: 8, sparsity: 2, passes: 2 }, { out }, { device: "cpu" });
 * const evaluation = await evaluate(await loadDictionary(out), source, { device: "cpu" });
 * await refreshReport(out, evaluation, "all rows");
 * assert.match(await Deno.readTextFile(`${out}/report.html`), /Metrics on all rows/);
 * ```
 */
export async function refreshReport(
  directory: string,
  { rows, metrics, use, distributions }: DetailedEvaluation,
  rowsName: string,
): Promise<void> {
  const { reportForModel } = await import("../report/report.ts");
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
    coherence: await coherenceOf(model),
  });
  await writeFileAtomically(join(directory, REPORT_FILE), [
    new TextEncoder().encode(report),
  ]);
}

async function coherenceOf(
  model: DictionaryModel,
): Promise<Float32Array | undefined> {
  if (model.atoms ** 2 * model.width > COHERENCE_LIMIT) return undefined;
  return Float32Array.from(
    await nearestAtoms(model, 1),
    ({ similarities }) => Math.abs(similarities[0] ?? 0),
  );
}
