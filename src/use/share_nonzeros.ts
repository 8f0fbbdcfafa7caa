import {
  ENGINE_OPTIONS,
  type EngineChoice,
  engineFor,
} from "../coding/coder.ts";
import { checkWidth } from "../coding/rows.ts";
import { calibrate, likelyThreshold } from "../learn/calibration.ts";
import { withoutSharing } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { validateSharing } from "../options/validate_coding.ts";
import type { RowSource } from "../rows/source.ts";
import { requireKnownOptions } from "../unknown_options.ts";
import { requireMost } from "./coder_changes.ts";

/** Options of {@linkcode shareNonzeros}. */
export interface SharingOptions extends EngineChoice {
  /** Nonzeros of a row at most; twice k by default, or as many as there can be. */
  maxSparsity?: number | undefined;
  /** Seed of the choice of rows, where there are more than 16 384; the model's by default. */
  seed?: number | undefined;
}

/** What {@linkcode shareNonzeros} gives. */
export interface SharedNonzeros {
  /** The dictionary, with its threshold. */
  model: DictionaryModel;
  /** What a row's correlations have to exceed, in normalised units. */
  threshold: number;
  /** Mean nonzeros of the rows under it. */
  l0: number;
  /** Rows that it was found on. */
  rows: number;
}

/**
 * A dictionary by which rows share their nonzeros: k on average over these rows, some more and some fewer, as
 * `maxSparsity` makes a training end (see docs/algorithm.md). Best on rows that it did not learn from.
 *
 * @param model a dictionary; a threshold that it has already is found anew
 * @param source rows like those that are to be coded
 * @param options the most nonzeros a row; the device, an `AbortSignal`
 * @throws {DbksvdError} `usage` for a number that cannot be, `data` for rows of another width, `device`
 *
 * @example
 * ```ts
 * import { evaluate, plantRows, rowsFromArray, shareNonzeros, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const { data } = plantRows({ rows: 400, width: 12, atoms: 24, sparsity: 4, noise: 0.2 });
 * const source = rowsFromArray(data, 12);
 * const { model } = await train(source, { atoms: 24, sparsity: 4, passes: 2 }, { device: "cpu" });
 * const shared = await shareNonzeros(model, source, { maxSparsity: 8, device: "cpu" });
 * const { metrics } = await evaluate(shared.model, source, { device: "cpu" });
 * assert(metrics.l0 <= 4 && metrics.l0_std! > 0);
 * ```
 */
export async function shareNonzeros(
  model: DictionaryModel,
  source: RowSource,
  options: SharingOptions = {},
): Promise<SharedNonzeros> {
  const known = [...Object.keys(ENGINE_OPTIONS), "maxSparsity", "seed"];
  requireKnownOptions(options, known, "shareNonzeros()");
  const { width, atoms, coder: { sparsity } } = model;
  const { maxSparsity = Math.min(2 * sparsity, atoms, width) } = options;
  const { seed = model.seed, signal } = options;
  const own = withoutSharing(model.coder);
  const coder = { ...own, maxSparsity, threshold: 0 };
  validateSharing(coder);
  requireMost(coder, model);
  checkWidth(source, width);
  const length = Math.sqrt(width);
  const { threshold, l0, rows } = await calibrate(
    {
      model: { ...model, coder },
      source,
      rows: [{ on: "training", except: undefined }],
      guess: model.coder.threshold ?? likelyThreshold(length, sparsity),
    },
    { seed },
    {
      createEngine: (spec) => engineFor(spec, options),
      signal,
    },
  );
  return {
    model: { ...model, coder: { ...coder, threshold } },
    threshold,
    l0,
    rows,
  };
}
