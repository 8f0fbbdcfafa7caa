import { join } from "node:path";
import { MODEL_FILES, saveModel } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { VersionEntry } from "../report/data.ts";
import { courseOf, renderReport } from "../report/report.ts";
import type { RowSource } from "../rows/source.ts";
import { exportModel } from "../use/export.ts";
import type { TrainResult } from "../use/train.ts";
import type { Admission } from "./admit.ts";
import type { Candidate } from "./candidate_record.ts";
import type { RunContext } from "./context.ts";
import { versionEntries } from "./history.ts";
import { versionFolder } from "./places.ts";

/** Writes a candidate's model directory with its report and the drift of its atoms. */
export async function writeVersion(
  { places, store, settings, watch }: RunContext,
  admission: Admission,
  { version, candidate, drift, verdict }: Candidate,
  { model, config, metrics }: TrainResult,
): Promise<void> {
  const { column, ...reading } = settings.rows;
  const record = {
    ...config,
    inputs: [
      ...admission.earlier.map(({ path, rows, size }) => ({
        path,
        rows,
        bytes: size,
      })),
      ...admission.taken.map(({ input, fileRows }) => ({
        path: input.path,
        rows: fileRows,
        bytes: input.size,
      })),
    ],
    column,
    reading,
    heldOut: candidate.all,
  };
  const entry: VersionEntry = {
    version,
    when: watch.now().toISOString(),
    fvu: candidate.all.fvu,
    drift: drift?.mean,
    rows: admission.newRows,
    accepted: verdict.promote,
  };
  const report = renderReport({
    name: `${settings.name} ${version}`,
    model,
    config: record,
    course: await courseOf(metrics),
    evaluation: {
      rowsName: "held-out rows",
      rows: candidate.all.rows,
      metrics: candidate.all,
    },
    history: [...versionEntries(store), entry],
  });
  const extras: Record<string, string> = { [MODEL_FILES.report]: report };
  if (drift !== undefined) extras["drift.json"] = `${JSON.stringify(drift)}\n`;
  await saveModel(
    versionFolder(places, version),
    model,
    record,
    metrics,
    extras,
  );
}

/** Writes a promoted version in the formats that the configuration asks for; encoders are trained on its rows. */
export async function writeExports(
  { settings, places, createEngine, signal, onNotice }: RunContext,
  { version }: Candidate,
  model: DictionaryModel,
  source: RowSource,
): Promise<void> {
  const { device, threads } = settings;
  const run = { createEngine, device, threads, signal, onNotice };
  for (const target of settings.exports) {
    const out = join(versionFolder(places, version), "exports", target.format);
    await exportModel(model, { ...target, out, source, ...run });
  }
}
