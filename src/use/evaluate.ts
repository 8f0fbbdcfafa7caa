import {
  type AtomUse,
  createMetrics,
  type RowMetrics,
} from "../metrics/accumulator.ts";
import {
  coherence,
  type CoherenceMetrics,
  recovery,
  type RecoveryMetrics,
} from "../metrics/dictionary.ts";
import {
  addDistributions,
  type CodeDistributions,
  createDistributions,
} from "../metrics/distributions.ts";
import { requireAlike } from "../distributed/alike.ts";
import { type Communicator, solo } from "../distributed/communicator.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import { fingerprint } from "./codes_metadata.ts";
import { ownRows } from "./own_rows.ts";
import type { AtomTable } from "../metrics/similarity.ts";
import {
  type RowCoder,
  RUN_OPTIONS,
  type RunOptions,
} from "../coding/coder.ts";
import { checkWidth, codeRows } from "../coding/rows.ts";
import { pauseIfDue } from "../pause.ts";
import { rowsInBrief } from "../rows/in_brief.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import { type AnyModel, coderOf } from "./models.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** Every metric of a model on some rows, under the names that SAE tools use. */
export type Metrics =
  & RowMetrics
  & CoherenceMetrics
  & Partial<RecoveryMetrics>;

/** Options of {@linkcode evaluate} beside how it runs. */
export interface EvaluateOptions extends RunOptions {
  /** The dictionary that the rows were made from, for `recovered` and `mmcs`. */
  truth?: AtomTable | undefined;
  /** Which rows; all by default. */
  rows?: Pick<BatchOptions, "range" | "only" | "except"> | undefined;
  /** The processes that share the rows out among themselves; each gets the metrics of all rows. */
  group?: Communicator | undefined;
}

/** The names of {@linkcode EvaluateOptions}: all of them, as the type says. */
const EVALUATE_OPTIONS = Object.keys(
  {
    ...RUN_OPTIONS,
    truth: true,
    rows: true,
    group: true,
  } satisfies Record<keyof EvaluateOptions, true>,
);

/** A model's name for tables and `--json`. */
export interface NamedModel {
  /** Usually its directory. */
  name: string;
  /** What to measure. */
  model: AnyModel;
}

/** One model, measured. */
export interface Evaluation {
  /** Its name, usually its directory. */
  model: string;
  /** Rows measured. */
  rows: number;
  /** Every metric by name. */
  metrics: Metrics;
}

/** One model, measured, with what a report shows beyond numbers. */
export interface DetailedEvaluation extends Evaluation {
  /** How its codes were found, with their mean number of nonzeros where that is by a threshold that was given. */
  coder: string;
  /** How often and how strongly each atom was used. */
  use: AtomUse;
  /** Code values and nonzeros. */
  distributions: CodeDistributions;
}

/**
 * Measures a model on rows: reconstruction, sparsity, use of atoms, coherence and, against a known dictionary,
 * recovery. The coder is the model's own, without ridge; another tool's SAE codes with its own encoder.
 *
 * @param model what to measure
 * @param source the rows, of the model's width
 * @param options a known dictionary, which rows, the device, an `AbortSignal`
 * @returns every metric
 * @throws {DbksvdError} `data` where rows and model do not fit
 *
 * @example
 * ```ts
 * import { evaluate, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const { metrics } = await evaluate(model, source, { device: "cpu" });
 * assert(metrics.fvu < 1 && metrics.l0 <= 2);
 * ```
 */
export async function evaluate(
  model: AnyModel,
  source: RowSource,
  options: EvaluateOptions = {},
): Promise<DetailedEvaluation> {
  const [evaluation] = await evaluateAll(
    [{ name: "", model }],
    source,
    options,
  );
  return evaluation;
}

/**
 * Measures several models on the same rows, read once.
 *
 * @param models what to measure, with names
 * @param source the rows, of every model's width
 * @param options as for {@linkcode evaluate}
 * @returns one evaluation a model, in order
 * @throws {DbksvdError} `data` where rows and a model do not fit
 */
export async function evaluateAll(
  models: readonly NamedModel[],
  source: RowSource,
  options: EvaluateOptions = {},
): Promise<DetailedEvaluation[]> {
  requireKnownOptions(options, EVALUATE_OPTIONS, "evaluate()");
  const entries: Entry[] = [];
  try {
    for (const { name, model } of models) {
      checkWidth(source, model.width);
      const coder = await coderOf(model, options);
      entries.push({
        name,
        coder,
        tellsMean: !("format" in model) && model.coder.calibrated === false,
        metrics: createMetrics(coder.decoder),
        distributions: createDistributions(),
      });
    }
    const { group = solo() } = options;
    if (options.group !== undefined) {
      await requireSameWork(entries, source, group);
    }
    await measureAll(entries, source, {
      ...options,
      rows: ownRows(source, options.rows, group),
    });
    const evaluations: DetailedEvaluation[] = [];
    for (const entry of entries) {
      evaluations.push(await conclude(entry, options));
    }
    return evaluations;
  } finally {
    for (const { coder } of entries) await coder.close();
  }
}

interface Entry {
  name: string;
  coder: RowCoder;
  /** Whether only the codes show how many nonzeros rows have on average. */
  tellsMean: boolean;
  metrics: ReturnType<typeof createMetrics>;
  distributions: ReturnType<typeof createDistributions>;
}

async function requireSameWork(
  entries: readonly Entry[],
  source: RowSource,
  group: Communicator,
): Promise<void> {
  const models = entries.map(async ({ name, coder }) => [
    `model ${name}`,
    [coder.description, await fingerprint(coder.decoder)],
  ]);
  await requireAlike(group, {
    ...Object.fromEntries(await Promise.all(models)),
    ...await rowsInBrief(source),
  });
}

async function measureAll(
  entries: readonly Entry[],
  source: RowSource,
  options: EvaluateOptions,
) {
  const coded = codeRows(source, entries.map(({ coder }) => coder), {
    ...options,
    delivery: options.rows,
  });
  for await (const { batch, codes } of coded) {
    for (const [i, { metrics, distributions }] of entries.entries()) {
      metrics.add(batch.data, codes[i]);
      distributions.add(codes[i]);
      await pauseIfDue(options.signal);
    }
  }
}

async function conclude(
  entry: Entry,
  { truth, signal, group = solo() }: EvaluateOptions,
): Promise<DetailedEvaluation> {
  const { name, coder, tellsMean, metrics, distributions } = entry;
  metrics.take(await group.sum(metrics.numbers()));
  const counted = await group.gather(toBytes(distributions.result()));
  const all = await Promise.all(counted.map(fromBytes)) as CodeDistributions[];
  const measured = metrics.result();
  return {
    model: name,
    rows: measured.rows,
    metrics: {
      ...measured,
      ...await coherence(coder.decoder, signal),
      ...(truth && await recovery(truth, coder.decoder, signal)),
    },
    coder: tellsMean
      ? `${coder.description}, L0 ${measured.l0.toFixed(2)}`
      : coder.description,
    use: metrics.use(),
    distributions: addDistributions(all),
  };
}
