import type { DictionaryModel } from "../model/model.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import type { ProbeOptions } from "./options.ts";
import { planOf } from "./plan.ts";
import { probe } from "./probe.ts";

/**
 * Gives what a model's latents tell of classes on held-out rows as few figures, without baselines: for comparing many
 * models.
 *
 * @param options the columns, how rows are drawn, the device
 * @returns what looks, for some rows, whether they have classes enough, and gives a function of models: mean balanced
 * accuracy by the number of latents
 */
export function accuracyScorer(options: Omit<ProbeOptions, "rows">) {
  return async (source: RowSource, heldOut: RowSet) => {
    const probing = {
      ...options,
      baselines: [],
      rows: { only: heldOut },
    };
    await planOf(source, probing);
    return async (model: DictionaryModel): Promise<Record<string, number>> => {
      const { models: [{ accuracy }] } = await probe(
        [{ name: "model", model }],
        source,
        probing,
      );
      return accuracy;
    };
  };
}
