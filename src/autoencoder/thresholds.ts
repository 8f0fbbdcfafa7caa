// Thresholds of a JumpReLU autoencoder, one a latent: encoder and decoder stay as their training left them.
import { pauseIfDue } from "../pause.ts";
import { type Candidates, type Sight, WINDOW, type Worths } from "./worth.ts";

/** Rows that tell of thresholds, at most. */
const MOST_ROWS = 8192;

/** Rounds of moving every threshold. */
const ROUNDS = 16;

/** The furthest that the first round moves a threshold, as the logarithm of a factor; later ones move less. */
const FURTHEST = 0.2;

/** As many of them as are taken for a latent of mean worth besides: few say little. */
const PRIOR_ENTRIES = 4;

/** Thresholds stay within this factor of the one for all. */
const MOST_FACTOR = 4;

/** The part of the way, in logarithms, that is gone in the end: what these rows tell is in part theirs alone. */
const SHARE = 0.5;

/**
 * A threshold for every latent, beginning with one for all. A latent is worth to a row what the row's squared error
 * falls by when it is active. Where pre-activations about a latent's threshold are worth more than those of all latents
 * on average, its threshold falls, else it rises: the straight-through estimate of its slope in the loss, at the price
 * of an active latent that keeps their number. At last all are scaled, so that k latents a row are active on average.
 *
 * @param sight of the trained autoencoder
 * @param size how many latents it has, and the values of a row
 * @param rows normalised rows that it learned from
 * @param options the threshold for all; k; normalised rows to count active latents on; a signal
 */
export async function thresholdsOfLatents(
  sight: Sight,
  { latents, width }: { latents: number; width: number },
  rows: Float32Array,
  { threshold, sparsity, countedRows, signal }: {
    threshold: number;
    sparsity: number;
    countedRows: Float32Array;
    signal?: AbortSignal | undefined;
  },
): Promise<Float32Array> {
  const least = threshold / MOST_FACTOR / WINDOW;
  const some = rows.subarray(0, MOST_ROWS * width);
  const seen = await sight.candidates(some, least);
  const found = new Float32Array(latents).fill(threshold);
  for (let round = 0; round < ROUNDS; round++) {
    await pauseIfDue(signal);
    const excess = standardised(await sight.worths(some, seen, found));
    const furthest = FURTHEST * (1 - round / ROUNDS);
    found.forEach((value, j) => {
      const moved = value * Math.exp(-furthest * excess[j]);
      found[j] = Math.min(
        threshold * MOST_FACTOR,
        Math.max(threshold / MOST_FACTOR, moved),
      );
    });
  }
  const shared = found.map((value) => threshold * (value / threshold) ** SHARE);
  const counted = await sight.candidates(countedRows, least, shared);
  const scaled = scaledToCount(counted, shared, sparsity);
  return keptAlive(seen, scaled, threshold);
}

// By how much the mean worth at a latent's threshold exceeds that of all, in standard deviations, from −1 to 1.
function standardised({ worth, near }: Worths): Float64Array {
  const entries = near.reduce((sum, each) => sum + each, 0);
  const mean = worth.reduce((sum, each) => sum + each, 0) / entries;
  const excess = worth.map((sum, j) =>
    near[j] > 0 ? (sum - mean * near[j]) / (near[j] + PRIOR_ENTRIES) : 0
  );
  let square = 0;
  near.forEach((count, j) => square += count / entries * excess[j] ** 2);
  if (!(square > 0)) return excess.fill(0);
  const spread = Math.sqrt(square);
  return excess.map((each) => Math.max(-1, Math.min(1, each / spread)));
}

function scaledToCount(
  { starts, latents, values }: Candidates,
  thresholds: Float32Array,
  sparsity: number,
): Float32Array {
  const ratios = Float64Array.from(
    values,
    (value, e) => value / thresholds[latents[e]],
  ).sort();
  const place = ratios.length - 1 - Math.round(sparsity * (starts.length - 1));
  const factor = place < 0 ? 1 : ratios[place];
  return thresholds.map((value) => value * factor);
}

// A latent that was active by the one threshold stays so in one row at least.
function keptAlive(
  { latents, values }: Candidates,
  thresholds: Float32Array,
  threshold: number,
): Float32Array {
  const largest = new Float64Array(thresholds.length);
  latents.forEach((j, e) => largest[j] = Math.max(largest[j], values[e]));
  return thresholds.map((value, j) =>
    largest[j] > threshold && !(largest[j] > value)
      ? largest[j] * (1 - 2 ** -12)
      : value
  );
}
