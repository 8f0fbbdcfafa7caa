import assert from "node:assert/strict";
import { join } from "node:path";
import { exportNeuronpedia } from "../../src/inspection/neuronpedia/export.ts";
import type {
  DashboardActivation,
  DashboardFeature,
} from "../../src/inspection/neuronpedia/features.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { CPU } from "../use/helpers.ts";
import { tensorOf, writeTensors } from "./checkpoints.ts";
import {
  allCodes,
  asTokens,
  ATOMS,
  exported,
  LENGTH,
  model,
  near,
  ROWS,
  rows,
  SCHEMA,
  WIDTH,
} from "./dashboards.ts";

/** A feature's fields in SAEDashboard 0.8.0 (commit db4839a), `NeuronpediaDashboardFeature.to_dict`. */
const FIELDS = [
  ...["feature_index", "neuron_alignment_indices", "neuron_alignment_values"],
  ...["neuron_alignment_l1", "correlated_neurons_indices"],
  ...["correlated_neurons_l1", "correlated_neurons_pearson"],
  ...["correlated_features_indices", "correlated_features_l1"],
  ...["correlated_features_pearson", "neg_str", "neg_values", "pos_str"],
  ...["pos_values", "frac_nonzero", "freq_hist_data_bar_values"],
  ...["freq_hist_data_bar_heights", "logits_hist_data_bar_heights"],
  ...["logits_hist_data_bar_values", "n_prompts_total", "n_tokens_in_prompt"],
  ...["dataset", "decoder_weights_dist", "activations", "vector"],
];

Deno.test("dashboards have SAEDashboard's fields, and what rows use every latent by", async () => {
  const { result, batches, skipped } = await exported(asTokens(rows));
  const codes = await allCodes(model);
  const features = batches.flatMap((batch) => batch.features);
  assert.equal(result.latents, 2 * ATOMS);
  assert.equal(result.prompts, ROWS / LENGTH);
  assert.equal(features.length + skipped.skipped_indexes.length, 2 * ATOMS);
  assert(batches.length > 1);
  assert.deepEqual(
    batches.map(({ features }) => features.length).slice(0, -1),
    batches.slice(1).map(() => 128),
  );
  const { features: _, ...head } = batches[0];
  assert.deepEqual(head, {
    ...{ model_id: "gpt2-small", layer: 6, sae_set: "dbksvd" },
    sae_id_suffix: null,
  });
  assert.equal(skipped.layer, "6");
  const indexes = features.map(({ feature_index }) => feature_index);
  assert.deepEqual(indexes, indexes.toSorted((a, b) => a - b));
  for (const feature of features) {
    assert.deepEqual(Object.keys(feature), FIELDS);
    checkFeature(feature, codes);
  }
  for (const index of skipped.skipped_indexes) {
    const values = codes.map((row) => sided(row, index));
    assert(values.every((value) => value === 0));
  }
});

/** A row's activation of a feature: negative codes stand behind positive ones. */
function sided(row: Float32Array, index: number): number {
  const value = row[index % ATOMS];
  return Math.max(0, index < ATOMS ? value : -value);
}

function checkFeature(feature: DashboardFeature, codes: Float32Array[]): void {
  const values = codes.map((row) => sided(row, feature.feature_index));
  const used = values.filter((value) => value > 0).sort((a, b) => b - a);
  assert(near(feature.frac_nonzero, used.length / ROWS));
  const bars = feature.freq_hist_data_bar_heights;
  assert.equal(bars.length, 50);
  assert.equal(bars.reduce((a, b) => a + b), used.length);
  const atom = model.dictionary.subarray(
    feature.feature_index % ATOMS * WIDTH,
    (feature.feature_index % ATOMS + 1) * WIDTH,
  ).map((value) => feature.feature_index < ATOMS ? value : -value);
  assert(near(feature.neuron_alignment_values[0], Math.max(...atom)));
  const top = feature.activations.filter(({ bin_min }) => bin_min === -1);
  const ownOf = (one: DashboardActivation) =>
    one.values[one.qualifying_token_index];
  assert.equal(top.length, Math.min(20, used.length));
  top.forEach((one, i) => assert(near(ownOf(one), used[i])));
  for (const one of feature.activations) {
    checkActivation(one, values, used[0]);
  }
  const drawn = feature.activations.filter(({ bin_min }) => bin_min !== -1);
  const lows = drawn.map(({ bin_min }) => bin_min);
  assert.deepEqual(lows, lows.toSorted((a, b) => b - a));
  for (const low of new Set(lows)) {
    const within = lows.filter((one) => one === low).length;
    const high = low + used[0] / 5;
    const there = used.filter((value) =>
      value > low - 1e-5 && value < high + 1e-5
    );
    assert(within <= 5 && within >= Math.min(5, there.length) - 1);
  }
}

function checkActivation(
  { bin_min, bin_max, bin_contains, tokens, values, qualifying_token_index }:
    DashboardActivation,
  all: number[],
  most: number,
): void {
  assert.equal(tokens.length, LENGTH);
  const text = Number(tokens[0].split(".")[0]);
  values.forEach((value, i) => assert(near(value, all[text * LENGTH + i])));
  const own = values[qualifying_token_index];
  if (bin_min === -1) {
    assert(near(bin_max, most) && bin_contains === -1);
    return;
  }
  assert(own >= bin_min - 1e-5 && own <= bin_max + 1e-5 && own > 0);
  const within = all.filter((value) =>
    value >= bin_min && (value < bin_max || bin_max > most - 1e-5)
  );
  assert(Math.abs(bin_contains - within.length / ROWS) <= 1.5 / ROWS);
}

Deno.test("rows that are texts are shown as one token each; positive codes are one feature an atom", async () => {
  const positive = makeModel({
    ...{ width: WIDTH, atoms: ATOMS },
    coder: { ...model.coder, nonnegative: true },
  });
  const source: RowSource = {
    ...rows,
    readColumns: ([name], { start, end }) =>
      Promise.resolve([{
        name,
        schema: SCHEMA,
        values: Array.from(
          { length: end - start },
          (_, i) => `row ${start + i}`,
        ),
      }]),
  };
  const { result, batches } = await exported(source, {}, positive);
  assert.equal(result.latents, ATOMS);
  assert.equal(result.prompts, ROWS);
  const codes = await allCodes(positive);
  for (
    const { feature_index, activations, n_tokens_in_prompt } of batches[0]
      .features
  ) {
    assert.equal(n_tokens_in_prompt, 1);
    for (const { tokens: [text], values: [value] } of activations) {
      assert(near(value, codes[Number(text.slice(4))][feature_index]));
    }
  }
});

Deno.test("with an unembedding, a negative latent promotes what its atom suppresses", async () => {
  await inDirectory(async (folder) => {
    const vocabulary = 300;
    const weights = Float32Array.from(
      { length: vocabulary * WIDTH },
      (_, i) => Math.sin(i * i),
    );
    const unembed = join(folder, "w.safetensors");
    await writeTensors(unembed, {
      "lm_head.weight": tensorOf("F32", weights, vocabulary, WIDTH),
    });
    const tokens = {
      ...{ size: vocabulary, digest: "d", join: () => "" },
      text: (id: number) => `t${id}`,
    };
    const { batches } = await exported(asTokens(rows), { unembed, tokens });
    for (const feature of batches.flatMap(({ features }) => features)) {
      const { feature_index, pos_str, pos_values, neg_values } = feature;
      const sign = feature_index < ATOMS ? 1 : -1;
      const atom = feature_index % ATOMS;
      const logits = Array.from({ length: vocabulary }, (_, id) => {
        let sum = 0;
        for (let d = 0; d < WIDTH; d++) {
          sum += model.dictionary[atom * WIDTH + d] * weights[id * WIDTH + d];
        }
        return sign * sum;
      });
      const order = logits.toSorted((a, b) => b - a);
      assert.equal(pos_str.length, 10);
      pos_values.forEach((value, i) => {
        assert(Math.abs(value - order[i]) < 1e-4);
        assert(Math.abs(logits[Number(pos_str[i].slice(1))] - value) < 1e-4);
      });
      neg_values.forEach((value, i) =>
        assert(Math.abs(value - order.at(-1 - i)!) < 1e-4)
      );
      const bars = feature.logits_hist_data_bar_heights;
      const middles = feature.logits_hist_data_bar_values;
      assert.equal(bars.reduce((a, b) => a + b), vocabulary);
      assert.deepEqual(middles, middles.toSorted((a, b) => a - b));
      const mean = bars.reduce((sum, bar, i) => sum + bar * middles[i], 0);
      const wanted = logits.reduce((a, b) => a + b);
      const step = middles[1] - middles[0];
      assert(Math.abs(mean - wanted) / vocabulary < step);
    }
  });
});

Deno.test("dashboards are the same on any number of threads, and go in the place of their own alone", async () => {
  const one = await exported(asTokens(rows), { threads: 1, by: "activation" });
  const two = await exported(asTokens(rows), { threads: 2, by: "activation" });
  assert.deepEqual(two, {
    ...one,
    result: { ...one.result, out: two.result.out },
  });
  await inDirectory(async (folder) => {
    const out = join(folder, "out");
    const write = (of: DictionaryModel, more = {}) =>
      exportNeuronpedia(of, asTokens(rows), {
        ...CPU,
        ...{ out, modelName: "m", layer: 0, text: "tokens", ...more },
      });
    await write(model);
    await write(model);
    await assert.rejects(
      write(makeModel({ width: WIDTH, atoms: 20 })),
      /an output of another model/,
    );
    await Deno.writeTextFile(join(out, "mine.txt"), "");
    await assert.rejects(write(model), /holds something else/);
    await write(model, { overwrite: true });
    assert((await namesIn(folder)).every((name) => name === "out"));
    const whole: RowSource = {
      ...asTokens(rows),
      readColumns: ([name], { start, end }) =>
        Promise.resolve([{
          name,
          schema: SCHEMA,
          values: Array(end - start).fill("a whole text"),
        }]),
    };
    await assert.rejects(
      exportNeuronpedia(model, whole, {
        ...CPU,
        ...{ out: join(folder, "no"), modelName: "m", layer: 0, text: "text" },
      }),
      /not by token/,
    );
    assert((await namesIn(folder)).every((name) => name === "out"));
  });
});
