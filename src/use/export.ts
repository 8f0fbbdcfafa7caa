import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { holdOut } from "../learn/held_out_groups.ts";
import { writeDirectoryAtomically } from "../files/atomic.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import { coderInWords, dialInWords } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { RunOptions } from "../coding/coder.ts";
import { evaluate, evaluateAll, type Metrics } from "./evaluate.ts";
import {
  pursuitAutoencoder,
  thresholdAutoencoder,
  topkAutoencoder,
} from "./export_autoencoder.ts";
import {
  exportFiles,
  type ExportFormat,
  type ExportNames,
  LINEAR_FORMATS,
} from "./export_formats.ts";
import { fitEncoder } from "./fit_encoder.ts";
import {
  claimOutput,
  exportOrigin,
  originOf,
  type OutputOrigin,
} from "./output_claim.ts";
import { requireReplaceable } from "./output_directory.ts";
import { requireApart, requireExportPlace } from "./output_guard.ts";

/** Share of the rows that an export is measured on, at most 16 384 of them: those that `train` holds out by default. */
const MEASURED = 0.1;

/** Options of {@linkcode exportModel}. */
export interface ExportOptions extends RunOptions, ExportNames {
  /** The target. */
  format: ExportFormat;
  /** The directory to write; for sparsify with a `hookName`, the one to put its directory in. */
  out: string;
  /** Replace whatever is there, not only an export of this format, model and inputs. */
  overwrite?: boolean | undefined;
  /** Rows to fit a linear encoder to and to measure the export on: the training rows. Linear encoders need them. */
  source?: RowSource | undefined;
  /** What the rows that it is measured on are kept together by, as in training: `row`, `outer` or a column. */
  holdoutBy?: string | undefined;
}

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
  /** Latents of the exported model: twice the atoms where codes are signed. */
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
}

/**
 * Writes a dictionary as a sparse autoencoder of another tool. It takes raw rows: mean and scale are folded in.
 * Latents are never negative there, so a dictionary with signed codes becomes [D; −D]. SAELens's matching pursuit
 * runs on the dictionary itself, and SAEBench gets a Python module that codes as this tool does; the other targets have
 * linear encoders, which are fitted here and are approximations: the metrics that come back, and stand in the target's
 * config, say how good.
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
  const { format, source } = options;
  const out = placeOf(options);
  const linear = LINEAR_FORMATS.includes(format);
  if (linear && source === undefined) {
    throw new DbksvdError("usage", `The format "${format}" needs rows`, {
      mend: "give the training rows: its linear encoder is fitted to them",
    });
  }
  await requireReplaceable(out);
  await requireApart(out, source?.files.map(({ path }) => path) ?? []);
  const origin = await originOf(`export ${format}`, model, source?.files ?? []);
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
  const sae = linear
    ? await fitted(model, format, source!, heldOut, options)
    : pursuitAutoencoder(model);
  const metrics = source &&
    (format === "saebench"
      ? await measureOwn(model, source, heldOut, options)
      : await compareCoders(model, sae, source, heldOut, options));
  const files = exportFiles(model, sae, format, options, { metrics, origin });
  await writeDirectoryAtomically(out, files);
  return {
    out,
    format,
    files: files.map(({ name }) => name),
    latents: sae.atoms,
    encoder: format === "saebench"
      ? `dbksvd's own coder in PyTorch, ${coderInWords(model)}`
      : encoderInWords(sae),
    lost: format === "saebench" ? [] : lostBy(model),
    metrics,
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

async function fitted(
  model: DictionaryModel,
  format: ExportFormat,
  source: RowSource,
  heldOut: RowSet | undefined,
  options: RunOptions,
): Promise<SparseAutoencoder> {
  const thresholds = format === "saelens-jumprelu" || format === "gemma-scope";
  const encoder = await fitEncoder(model, source, {
    ...options,
    except: heldOut,
    selection: thresholds ? "batch" : "row",
  });
  return thresholds
    ? thresholdAutoencoder(model, encoder, format)
    : topkAutoencoder(model, encoder, format);
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
    ...options,
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
    ...options,
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

function encoderInWords({ activation, format }: SparseAutoencoder): string {
  switch (activation.kind) {
    case "matching_pursuit":
      return `${format} matching pursuit on the dictionary itself, ${activation.maxIterations} steps a row`;
    case "topk":
      return `a linear encoder fitted to the dictionary (Adam on the rebuilt rows, dictionary fixed), the ${activation.k} largest`;
    default:
      return "a linear encoder fitted to the dictionary (Adam on the rebuilt rows, dictionary fixed), above a threshold";
  }
}

// Every other target codes in a way of its own: a linear encoder, or plain matching pursuit.
function lostBy(model: DictionaryModel): string[] {
  const { coder, groups } = model;
  const nested = groups.length > 1
    ? [`coding ${coder.coding === "joint" ? "jointly" : "by groups"}`]
    : [];
  return [...nested, ...dialInWords(coder)];
}
