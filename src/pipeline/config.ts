import { dirname, isAbsolute, resolve } from "node:path";
import { DbksvdError } from "../errors.ts";
import { mostThreads } from "../threads.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../options/train_options.ts";
import { validateOptions } from "../options/validate.ts";
import type { OpenRowsOptions } from "../rows/options.ts";
import type { ExportTraining } from "../use/export_training.ts";
import { type CronSchedule, parseCron } from "./cron.ts";
import {
  type InputPattern,
  inputPatterns,
  type PipelineInput,
} from "./input_patterns.ts";
import { requireFolder } from "./local_file.ts";
import { containedPath } from "./paths.ts";
import { validateConfig } from "./validate.ts";
import { CONFIG_BYTES, parseJson, readText } from "../files/text.ts";

/** The events that a webhook can get. */
export type NotifyEvent =
  | "failure"
  | "promotion"
  | "kept"
  | "refused"
  | "missed";

/** How a pipeline reads its inputs, as `openRows` takes it. */
export type PipelineRowOptions = Pick<
  OpenRowsOptions,
  "column" | "blobType" | "width" | "skipInvalid" | "skipItems" | "unitNorm"
>;

/** Training parameters of a pipeline, named as the options of `train`. */
export interface PipelineTrainConfig extends
  PipelineRowOptions,
  Partial<
    Omit<TrainOptions, "holdout" | "statsRows" | "atoms" | "sparsity">
  > {
  /** m: number of atoms. */
  atoms: number;
  /** k: nonzeros a row. */
  sparsity: number;
  /** Where the numbers are crunched; `auto` by default. */
  device?: "auto" | "gpu" | "cpu";
  /** Threads of the CPU engine; all that the machine has by default. */
  threads?: number;
}

/** A format that promoted versions are also written in, and how its encoder is trained, where it has one. */
export type PipelineExport = Pick<
  ExportTraining,
  "format" | "steps" | "fixedAtoms"
>;

/** A pipeline's configuration, as its JSON file holds it; `schema.json` beside this file describes every field. */
export interface PipelineConfig {
  /** Where the JSON Schema lies, for editors. */
  $schema?: string;
  /** The pipeline's name in logs, metrics, webhooks; `dbksvd` by default. */
  name?: string;
  /** Files, folders, globs, URLs, or text files that list them. */
  inputs: PipelineInput[];
  /** Seconds that a local file may not have changed before it is taken; 60 by default. */
  settle?: number;
  /** The folder of all state. */
  root: string;
  /** Five crontab fields, UTC. */
  schedule?: string;
  /** What to do with a file whose content changed after it was taken; `ignore` by default. */
  changedFiles?: "ignore" | "train";
  /** The training parameters. */
  train: PipelineTrainConfig;
  /** What is never trained on: the share of every drop, and files of their own. */
  evaluation?: {
    share?: number;
    maxRowsPerDrop?: number;
    inputs?: (string | { input: string; optional?: boolean })[];
  };
  /** Old rows kept for replay, and how many are replayed for each new one. */
  reservoir?: { rows?: number; ratio?: number };
  /** The rule: how much worse a candidate may be. */
  promotion?: {
    maxFvuIncrease?: number;
    maxForgetting?: number;
    maxDeadIncrease?: number;
  };
  /** Versions kept, by number and age. */
  retention?: { versions?: number; days?: number | undefined };
  /** Formats that promoted versions are also written in. */
  exports?: PipelineExport[];
  /** Who gets word: webhooks, and the place of the Prometheus file. */
  notify?: {
    webhooks?: { url: string; events?: NotifyEvent[]; secretEnv?: string }[];
    prometheus?: string;
  };
}

/** Where a webhook goes and which events it gets. */
export interface Webhook {
  url: string;
  events: readonly NotifyEvent[];
  secretEnv?: string;
}

/** A configuration with every default filled in and every path checked and absolute. */
export interface PipelineSettings {
  name: string;
  /** The configuration's folder: what relative paths begin from. */
  base: string;
  root: string;
  inputs: readonly InputPattern[];
  /** Seconds that a local file may not have changed before it is taken. */
  settle: number;
  schedule?: CronSchedule | undefined;
  changedFiles: "ignore" | "train";
  train: TrainOptions;
  rows: PipelineRowOptions;
  device: "auto" | "gpu" | "cpu";
  threads?: number | undefined;
  evaluation: {
    share: number;
    maxRowsPerDrop: number;
    inputs: readonly InputPattern[];
  };
  reservoir: { rows: number; ratio: number };
  promotion: {
    maxFvuIncrease: number;
    maxForgetting: number;
    maxDeadIncrease: number;
  };
  retention: { versions: number; days?: number | undefined };
  exports: readonly PipelineExport[];
  webhooks: readonly Webhook[];
  prometheus: string;
}

/**
 * Reads a pipeline's configuration, checks it against its schema and its paths against their roots, and fills in the
 * defaults.
 *
 * @param config the path of a JSON file, or its contents
 * @param base the folder that relative paths begin from; by default the file's, or the current one
 * @throws {DbksvdError} `usage` with the JSON path of each field at fault
 */
export async function loadPipelineConfig(
  config: string | PipelineConfig,
  base?: string,
): Promise<PipelineSettings> {
  const file = typeof config === "string" ? config : undefined;
  const value = file === undefined ? config : await readJson(file);
  validateConfig(value, file);
  const folder = resolve(base ?? (file === undefined ? "." : dirname(file)));
  return settle(value as PipelineConfig, folder);
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readText(file, { bytes: CONFIG_BYTES, pipes: true });
  } catch (cause) {
    throw new DbksvdError("usage", "Cannot read the pipeline's configuration", {
      where: { file },
      mend: "name a readable JSON file",
      cause,
    });
  }
  try {
    return parseJson(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DbksvdError("usage", `Not JSON: ${reason}`, {
      where: { file },
      mend: "correct the file",
      cause,
    });
  }
}

async function settle(
  config: PipelineConfig,
  base: string,
): Promise<PipelineSettings> {
  const root = await containedPath(base, config.root, "/root");
  await requireFolder(root, "/root");
  const {
    column,
    blobType,
    width,
    skipInvalid,
    skipItems,
    unitNorm,
    device = "auto",
    threads,
    ...parameters
  } = config.train;
  const train = { ...DEFAULT_TRAIN_OPTIONS, ...parameters, holdout: 0 };
  if (train.init !== "rows" && train.init !== "gaussian") {
    train.init = await containedPath(base, train.init, "/train/init");
  }
  validateOptions(train);
  if (threads !== undefined && threads > mostThreads()) {
    throw new DbksvdError("usage", `/train/threads is ${threads}`, {
      mend: `it takes ${mostThreads()} at most on this machine`,
    });
  }
  const prometheus = config.notify?.prometheus ?? "metrics.prom";
  return {
    name: config.name ?? "dbksvd",
    base,
    root,
    inputs: await inputPatterns(base, config.inputs, "/inputs"),
    settle: config.settle ?? 60,
    schedule: config.schedule === undefined
      ? undefined
      : parseCron(config.schedule),
    changedFiles: config.changedFiles ?? "ignore",
    train,
    rows: { column, blobType, width, skipInvalid, skipItems, unitNorm },
    device,
    threads,
    evaluation: {
      share: config.evaluation?.share ?? 0.05,
      maxRowsPerDrop: config.evaluation?.maxRowsPerDrop ?? 16384,
      inputs: await inputPatterns(
        base,
        config.evaluation?.inputs ?? [],
        "/evaluation/inputs",
      ),
    },
    reservoir: {
      rows: config.reservoir?.rows ?? 65536,
      ratio: config.reservoir?.ratio ?? 16,
    },
    promotion: {
      maxFvuIncrease: config.promotion?.maxFvuIncrease ?? 0.005,
      maxForgetting: config.promotion?.maxForgetting ?? 0.05,
      maxDeadIncrease: config.promotion?.maxDeadIncrease ?? 0.05,
    },
    retention: {
      versions: config.retention?.versions ?? 30,
      days: config.retention?.days,
    },
    exports: config.exports ?? [],
    webhooks: (config.notify?.webhooks ?? []).map((webhook) => ({
      ...webhook,
      events: webhook.events ?? ["failure", "promotion"],
    })),
    prometheus: isAbsolute(prometheus)
      ? prometheus
      : await containedPath(root, prometheus, "/notify/prometheus"),
  };
}
