import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { holdOut } from "../learn/held_out_groups.ts";
import { writeDirectoryAtomically } from "../files/atomic.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import { coderInWords, dialInWords, sharingInWords } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { RUN_OPTIONS, type RunOptions, runOptions } from "../coding/coder.ts";
import { evaluate, evaluateAll, type Metrics } from "./evaluate.ts";
import { byThreshold, pursuitAutoencoder } from "./export_autoencoder.ts";
import {
  exportFiles,
  type ExportFormat,
  type ExportNames,
  LINEAR_FORMATS,
} from "./export_formats.ts";
import {
  type Exported,
  type ExportTraining,
  trainedAutoencoder,
} from "./export_training.ts";
import type { AutoencoderFit } from "./fit_autoencoder.ts";
import {
  claimOutput,
  exportOrigin,
  originOf,
  type OutputOrigin,
} from "./output_claim.ts";
import { requireReplaceable } from "./output_directory.ts";
import { requireApart, requireExportPlace } from "./output_guard.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** Share of the rows that an export is measured on, at most 16 384 of them: those that `train` holds out by default. */
const MEASURED = 0.1;

/** Options of {@linkcode exportModel}. */
export interface ExportOptions extends ExportTraining, ExportNames {
  /** The directory to write; for sparsify with a `hookName`, the one to put its directory in. */
  out: string;
  /** Replace whatever is there, not only an export of this format, model and inputs. */
  overwrite?: boolean | undefined;
  /**
   * Rows to train an autoencoder on and to measure the export on: the training rows. Targets with an encoder need
   * them.
   */
  source?: RowSource | undefined;
  /** What the rows that it is measured on are kept together by, as in training: `row`, `outer` or a column. */
  holdoutBy?: string | undefined;
}

/** The names of {@linkcode ExportOptions}: all of them, as the type says. */
const EXPORT_OPTIONS = Object.keys(
  {
    ...RUN_OPTIONS,
    out: true,
    overwrite: true,
    source: true,
    holdoutBy: true,
    format: true,
    steps: true,
    fixedAtoms: true,
    modelName: true,
    hookName: true,
    layer: true,
    contextSize: true,
    datasetPath: true,
    prependBos: true,
  } satisfies Record<keyof ExportOptions, true>,
);

/** What an export does to rows it was not fitted to, beside the exact coder. */
export interface ExportMetrics {
  /** Rows measured. */
  rows: number;
  /** By the target's own encoder. */
  exported: NumberMetrics;
  /** By this tool's coder. */
  exact: NumberMetrics;
}

/** The metrics that are single numbers. */
export type NumberMetrics = Record<string, number>;

/** What {@linkcode exportModel} did. */
export interface ExportResult {
  /** The directory written. */
  out: string;
  /** The target. */
  format: ExportFormat;
  /** Names of the files in it. */
  files: string[];
  /** Latents of the exported model: twice the atoms where codes are signed and the atoms stay as they are. */
  latents: number;
  /** How the target encodes rows, in words. */
  encoder: string;
  /**
   * What of the dictionary's own way of coding rows the target has no place for, in words; empty where there is
   * nothing.
   */
  lost: string[];
  /** What the export does to rows, where rows were given. */
  metrics?: ExportMetrics | undefined;
  /** How the autoencoder was trained, where the target has an encoder that was. */
  fit?: AutoencoderFit | undefined;
  /** The mean |cos| of latents to the atoms that they began as, where they moved. */
  meanCosine?: number | undefined;
}

/**
 * Writes a dictionary as a sparse autoencoder of another tool. It takes raw rows: mean and scale are folded in.
 * SAELens's matching pursuit runs on the dictionary itself, as [D; −D] where codes are signed, since latents are never
 * negative there; SAEBench gets a Python module that codes as this tool does. The other targets have linear encoders:
 * an autoencoder is trained that begins as the dictionary, a latent an atom. Atoms move (`meanCosine`); names go along
 * where |cos| ≥ 0.9, others into `labels.lost.json`. The metrics that come back, and stand in the target's config, say
 * how good it is beside the exact pursuit.
 *
 * @param model the dictionary
 * @param options target, directory, rows, names for the target's metadata
 * @throws {DbksvdError} `usage` where rows are needed and missing, or the directory holds anything but an earlier
 * export of the same format, model and inputs; `run` where files cannot be written
 *
 * @example
 * ```ts
 * import { exportModel, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const out = await Deno.makeTempDir() + "/sae";
 * const { metrics } = await exportModel(model, { format: "sparsify", out, source, device: "cpu" });
 * assert(metrics!.exact.fvu <= metrics!.exported.fvu);
 * ```
 */
export async function exportModel(
  model: DictionaryModel,
  options: ExportOptions,
): Promise<ExportResult> {
  requireKnownOptions(options, EXPORT_OPTIONS, "exportModel()");
  const { format, source } = options;
  const out = placeOf(options);
  const linear = LINEAR_FORMATS.includes(format);
  if (linear && source === undefined) {
    throw new DbksvdError("usage", `The format "${format}" needs rows`, {
      mend: "give the training rows: it is trained on them",
    });
  }
  if (
    format === "dictionary-learning-matryoshka" && options.fixedAtoms &&
    !model.coder.nonnegative
  ) {
    throw new DbksvdError("usage", `"${format}" has no place for both signs`, {
      mend:
        "leave out --fixed-atoms, or take dictionary-learning-batchtopk: groups are runs of latents there",
    });
  }
  await requireReplaceable(out);
  await requireApart(out, source?.files.map(({ path }) => path) ?? []);
  const origin = await originOf(`export ${format}`, model, source ?? []);
  const claim = await claimOutput(out, origin, {
    overwrite: options.overwrite,
    isDirectory: true,
    read: exportOrigin,
    onNotice: options.onNotice,
  });
  try {
    await requireReplaceable(claim.path);
    if (!options.overwrite) await requireExportPlace(claim.path);
    const to = { ...options, out: claim.path };
    return { ...await exportInto(model, to, origin), out };
  } finally {
    await claim.release();
  }
}

async function exportInto(
  model: DictionaryModel,
  options: ExportOptions,
  origin: OutputOrigin,
): Promise<ExportResult> {
  const { format, source, out } = options;
  const linear = LINEAR_FORMATS.includes(format);
  const split = { holdout: MEASURED, seed: model.seed };
  const heldOut = source &&
    (await holdOut(source, { ...split, holdoutBy: options.holdoutBy })).rows;
  const { sae, fit, meanCosine, lostLabels } = linear
    ? await trainedAutoencoder(model, source!, heldOut, options)
    : { sae: pursuitAutoencoder(model) } as Exported;
  const metrics = source &&
    (format === "saebench"
      ? await measureOwn(model, source, heldOut, options)
      : await compareCoders(model, sae, source, heldOut, options));
  const files = exportFiles(model, sae, format, options, {
    ...{ metrics, origin, fit, mean_cosine: meanCosine, lostLabels },
  });
  await writeDirectoryAtomically(out, files);
  return {
    out,
    format,
    files: files.map(({ name }) => name),
    latents: sae.atoms,
    encoder: format === "saebench"
      ? `dbksvd's own coder in PyTorch, ${coderInWords(model)}`
      : encoderInWords(sae, fit),
    lost: [
      ...format === "saebench" ? [] : lostBy(model, format),
      ...source?.reading?.unitNorm
        ? ["rows scaled to length 1 (--unit-norm): give it such"]
        : [],
    ],
    metrics,
    fit,
    meanCosine,
  };
}

// sparsify keeps a directory a hook point under one root.
function placeOf({ format, out, hookName }: ExportOptions): string {
  if (format !== "sparsify" || hookName === undefined) return out;
  if (/^[^/\\]+$/.test(hookName) && hookName !== "..") {
    return join(out, hookName);
  }
  throw new DbksvdError("usage", `--hook-name is "${hookName}"`, {
    mend: "it names a directory under --out, as layers.3",
  });
}

async function compareCoders(
  model: DictionaryModel,
  sae: SparseAutoencoder,
  source: RowSource,
  heldOut: RowSet | undefined,
  options: RunOptions,
): Promise<ExportMetrics> {
  const models = [{ name: "exported", model: sae }, { name: "exact", model }];
  const [exported, exact] = await evaluateAll(models, source, {
    ...runOptions(options),
    rows: { only: heldOut },
  });
  return {
    rows: exported.rows,
    exported: numbersOf(exported.metrics),
    exact: numbersOf(exact.metrics),
  };
}

// What codes as this tool does is measured once.
async function measureOwn(
  model: DictionaryModel,
  source: RowSource,
  heldOut: RowSet | undefined,
  options: RunOptions,
): Promise<ExportMetrics> {
  const { rows, metrics } = await evaluate(model, source, {
    ...runOptions(options),
    rows: { only: heldOut },
  });
  const exact = numbersOf(metrics);
  return { rows, exported: exact, exact };
}

function numbersOf(metrics: Metrics): NumberMetrics {
  return Object.fromEntries(
    Object.entries(metrics).filter(([, value]) => typeof value === "number"),
  ) as NumberMetrics;
}

function encoderInWords(
  { activation, format }: SparseAutoencoder,
  fit: AutoencoderFit | undefined,
): string {
  if (activation.kind === "matching_pursuit") {
    return `${format} matching pursuit on the dictionary itself, ${activation.maxIterations} steps a row`;
  }
  const trained = fit!.fixedAtoms
    ? "a linear encoder trained on the dictionary"
    : "encoder and decoder trained from the dictionary";
  const active = activation.kind === "topk"
    ? `the ${activation.k} largest`
    : "above a threshold";
  const on = fit!.device.kind === "gpu" ? ` on ${fit!.device.name}` : "";
  return `${trained} (Adam, ${fit!.steps} steps of ${
    fit!.stepRows
  } rows${on}), ${active}`;
}

// Every other target codes in a way of its own: a linear encoder, or plain matching pursuit.
function lostBy(model: DictionaryModel, format: ExportFormat): string[] {
  const { coder, groups } = model;
  const nested = groups.length > 1
    ? [`coding ${coder.coding === "joint" ? "jointly" : "by groups"}`]
    : [];
  // Latents above a threshold are shared by the rows as well.
  const sharing = coder.maxSparsity === undefined
    ? sharingInWords(coder)
    : ["nonzeros shared among rows"];
  const lost = byThreshold(format) ? [] : sharing;
  return [...nested, ...dialInWords(coder), ...lost];
}
