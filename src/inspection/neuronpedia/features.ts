import { EMPTY_SLOT } from "../../engine/engine.ts";
import type { DictionaryModel } from "../../model/model.ts";
import type { AtomLogits } from "../../report/data.ts";
import type { FoundText, RankedRows } from "../latent_rows.ts";
import type { CodeSpool } from "./code_spool.ts";
import { BARS, INTERVALS, type LatentFigures } from "./gather.ts";

/** Coordinates of an atom that are named. */
const ALIGNED = 3;

/** A text that a feature is shown by. */
export interface DashboardActivation {
  /** The interval of activations it was drawn from; −1, the largest and −1 for the strongest. */
  bin_min: number;
  bin_max: number;
  /** The share of tokens in it. */
  bin_contains: number;
  tokens: string[];
  values: number[];
  /** Which token was drawn. */
  qualifying_token_index: number;
}

/** A feature as SAEDashboard writes it for Neuronpedia. */
export interface DashboardFeature {
  feature_index: number;
  neuron_alignment_indices: number[];
  neuron_alignment_values: number[];
  neuron_alignment_l1: number[];
  correlated_neurons_indices: number[];
  correlated_neurons_l1: number[];
  correlated_neurons_pearson: number[];
  correlated_features_indices: number[];
  correlated_features_l1: number[];
  correlated_features_pearson: number[];
  neg_str: string[];
  neg_values: number[];
  pos_str: string[];
  pos_values: number[];
  frac_nonzero: number;
  freq_hist_data_bar_values: number[];
  freq_hist_data_bar_heights: number[];
  logits_hist_data_bar_heights: number[];
  logits_hist_data_bar_values: number[];
  n_prompts_total: number;
  n_tokens_in_prompt: number;
  dataset: string;
  decoder_weights_dist: number[];
  activations: DashboardActivation[];
  vector: number[];
}

/** What features are written from. */
export interface FeatureSource {
  model: DictionaryModel;
  figures: LatentFigures;
  spool: CodeSpool;
  /** The texts of the rows that are shown, by number. */
  texts: ReadonlyMap<number, FoundText>;
  logits?: AtomLogits | undefined;
  /** Bars of every atom's logits, with the middles of the first and the last. */
  logitBars?: LogitBars | undefined;
  prompts: Pick<
    DashboardFeature,
    "n_prompts_total" | "n_tokens_in_prompt" | "dataset"
  >;
}

/** Histograms of every atom's logits over the vocabulary. */
export interface LogitBars {
  /** atoms × {@linkcode BARS} tokens, from the smallest logit to the largest. */
  counts: Uint32Array;
  /** atoms × 2: the smallest and the largest. */
  limits: Float32Array;
}

/** The rows that a latent is shown by, with the interval of each; −1 for the strongest. */
export function* shownRows({ top, drawn }: LatentFigures, latent: number) {
  for (const row of rowsOf(top, latent)) yield { row, interval: -1 };
  for (let interval = INTERVALS - 1; interval >= 0; interval--) {
    for (const row of rowsOf(drawn, latent * INTERVALS + interval)) {
      yield { row, interval };
    }
  }
}

function rowsOf({ rows, perLatent }: RankedRows, place: number): number[] {
  return Array.from(rows.subarray(place * perLatent, (place + 1) * perLatent))
    .filter((row) => row >= 0);
}

/**
 * A latent as a feature. Features of negative codes stand behind all of positive ones, as in exports.
 *
 * @param latent its number: an atom's latents stand together
 * @param from what was found
 */
export function featureOf(
  latent: number,
  from: FeatureSource,
): DashboardFeature {
  const { model, figures } = from;
  const { sides, rows, uses, least, most, bars } = figures;
  const atom = Math.floor(latent / sides);
  const sign = latent % sides === 0 ? 1 : -1;
  const { ends, histogram } = logitFields(from, atom, sign);
  return {
    feature_index: sign > 0 ? atom : model.atoms + atom,
    ...alignment(model, atom, sign),
    correlated_neurons_indices: [],
    correlated_neurons_l1: [],
    correlated_neurons_pearson: [],
    correlated_features_indices: [],
    correlated_features_l1: [],
    correlated_features_pearson: [],
    ...ends,
    frac_nonzero: rounded(uses[latent] / rows),
    freq_hist_data_bar_values: middles(least[latent], most[latent]),
    freq_hist_data_bar_heights: Array.from(
      bars.subarray(latent * BARS, (latent + 1) * BARS),
    ),
    ...histogram,
    ...from.prompts,
    decoder_weights_dist: [],
    activations: Array.from(
      shownRows(figures, latent),
      (shown) => activationOf(latent, shown, from),
    ),
    vector: [],
  };
}

function activationOf(
  latent: number,
  { row, interval }: { row: number; interval: number },
  { figures, spool, texts }: FeatureSource,
): DashboardActivation {
  const { sides, rows, uses, most, within } = figures;
  const { text, tokens = [text], at = 0 } = texts.get(row)!;
  const first = row - at;
  const own = spool.valuesOf(
    Math.floor(latent / sides),
    first,
    first + tokens.length,
  );
  const sign = latent % sides === 0 ? 1 : -1;
  const count = within[latent * INTERVALS + interval];
  // Tokens that do not use a latent lie at the lowest interval's end.
  const idle = interval === 0 ? rows - uses[latent] : 0;
  const edge = (place: number) => rounded(most[latent] * place / INTERVALS);
  return {
    ...interval < 0
      ? { bin_min: -1, bin_max: edge(INTERVALS), bin_contains: -1 }
      : {
        bin_min: edge(interval),
        bin_max: edge(interval + 1),
        bin_contains: rounded((count + idle) / rows),
      },
    tokens,
    values: Array.from(
      own,
      (value) => sign * value > 0 ? rounded(Math.abs(value)) : 0,
    ),
    qualifying_token_index: at,
  };
}

// The coordinates that lie nearest to the atom.
function alignment(
  { dictionary, width }: DictionaryModel,
  atom: number,
  sign: number,
) {
  const own = dictionary.subarray(atom * width, (atom + 1) * width);
  const total = own.reduce((sum, value) => sum + Math.abs(value), 0);
  const order = [...own.keys()]
    .sort((a, b) => sign * (own[b] - own[a]) || a - b).slice(0, ALIGNED);
  return {
    neuron_alignment_indices: order,
    neuron_alignment_values: order.map((d) => rounded(sign * own[d])),
    neuron_alignment_l1: order.map((d) => rounded(Math.abs(own[d]) / total)),
  };
}

// A negative latent promotes what its atom suppresses.
function logitFields(
  { logits, logitBars }: FeatureSource,
  atom: number,
  sign: number,
) {
  const end = (which: "promoted" | "suppressed") => {
    if (logits === undefined) return { texts: [], values: [] };
    const { count } = logits;
    const places = [
      ...logits[which].tokens.subarray(
        atom * count,
        (atom + 1) * count,
      ).entries(),
    ].filter(([, place]) => place !== EMPTY_SLOT);
    return {
      texts: places.map(([, place]) => logits.texts[place]),
      values: places.map(([i]) =>
        rounded(sign * logits[which].logits[atom * count + i])
      ),
    };
  };
  const positive = end(sign > 0 ? "promoted" : "suppressed");
  const negative = end(sign > 0 ? "suppressed" : "promoted");
  const bars = logitBars && {
    heights: Array.from(
      logitBars.counts.subarray(atom * BARS, (atom + 1) * BARS),
    ),
    values: middles(...limitsOf(logitBars, atom)),
  };
  return {
    ends: {
      neg_str: negative.texts,
      neg_values: negative.values,
      pos_str: positive.texts,
      pos_values: positive.values,
    },
    histogram: {
      logits_hist_data_bar_heights: inOrder(bars?.heights ?? [], sign),
      logits_hist_data_bar_values: inOrder(bars?.values ?? [], sign)
        .map((value) => sign * value),
    },
  };
}

function limitsOf({ limits }: LogitBars, atom: number): [number, number] {
  return [limits[2 * atom], limits[2 * atom + 1]];
}

function inOrder(values: number[], sign: number): number[] {
  return sign > 0 ? values : values.toReversed();
}

function middles(least: number, most: number): number[] {
  const step = (most - least) / BARS;
  return Array.from(
    { length: BARS },
    (_, bar) => rounded(least + (bar + 0.5) * step),
  );
}

/** To five digits, as SAEDashboard writes them. */
function rounded(value: number): number {
  return Number(value.toFixed(5));
}
