import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import {
  type AtomUse,
  createMetrics,
  type RowMetrics,
} from "../metrics/accumulator.ts";
import {
  type CodeDistributions,
  createDistributions,
} from "../metrics/distributions.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";

/** Metrics of some rows, with what a report shows beyond numbers. */
export interface Measured {
  /** The metrics. */
  metrics: RowMetrics;
  /** How often each atom is used. */
  use: AtomUse;
  /** How code values and nonzeros are spread. */
  distributions: CodeDistributions;
}

/**
 * Codes rows with a model, without ridge, and measures the reconstructions.
 *
 * @param model the dictionary
 * @param source the rows
 * @param options which rows; where it runs, progress, an `AbortSignal`
 */
export async function measure(
  model: DictionaryModel,
  source: RowSource,
  options: RunOptions & Pick<BatchOptions, "range" | "only" | "except"> = {},
): Promise<Measured> {
  const { range, only, except } = options;
  const metrics = createMetrics(model);
  const distributions = createDistributions();
  const coder = await engineCoder(model, options);
  try {
    const coded = codeRows(source, [coder], {
      ...options,
      delivery: { range, only, except },
    });
    for await (const { batch, codes: [codes] } of coded) {
      metrics.add(batch.data, codes);
      distributions.add(codes);
    }
  } finally {
    await coder.close();
  }
  return {
    metrics: metrics.result(),
    use: metrics.use(),
    distributions: distributions.result(),
  };
}
