import type { Context } from "./context.ts";

/** Adam's decays of means and squares, and what keeps it from dividing by zero. */
export const MEAN_DECAY = 0.9;
export const SQUARE_DECAY = 0.999;
export const EPSILON = 1e-8;

/** By how much Adam's moments are short after so many steps. */
export function shortfall(steps: number): { mean: number; square: number } {
  return { mean: 1 - MEAN_DECAY ** steps, square: 1 - SQUARE_DECAY ** steps };
}

/** Adam's step for one latent: its encoder row, its bias and, where the decoder learns, its decoder row, kept unit. */
export function learnLatent(context: Context, latent: number): void {
  const { layout, spec, views } = context, { padded } = layout;
  const at = latent * padded;
  const biasSlope = gatherGradients(context, latent);
  const encoder = views.gradients.subarray(0, padded);
  adam(context, views.encoder, views.encoderMoments, at, encoder);
  adam(
    context,
    views.bias,
    views.biasMoments,
    latent,
    Float32Array.of(biasSlope),
  );
  if (!spec.learnsDecoder) return;
  const decoder = views.gradients.subarray(padded);
  adam(context, views.decoder, views.decoderMoments, at, decoder);
  toUnitLength(views.decoder.subarray(at, at + padded));
}

// The sums over the rows that use the latent, in the order of the rows. Returns the bias's.
function gatherGradients(
  { kernels, layout, orders, own, spec, views }: Context,
  latent: number,
): number {
  const { padded, rowBytes, slots, levelCount } = layout;
  const level = spec.levels[latent];
  const factor = -2 / (levelCount * orders.get("rows"));
  const ofDecoder = own.gradients + 4 * padded;
  views.gradients.fill(0);
  let sum = 0;
  const end = views.starts[latent + 1];
  for (let use = views.starts[latent]; use < end; use++) {
    const e = views.uses[use], row = Math.floor(e / slots);
    const slope = views.slopes[e];
    sum += slope;
    const y = layout.rows + row * rowBytes;
    kernels.step(own.gradients, y, slope, 1, rowBytes);
    if (!spec.learnsDecoder) continue;
    const rest = layout.rests + (row * levelCount + level) * rowBytes;
    kernels.step(ofDecoder, rest, factor * views.values[e], 1, rowBytes);
  }
  return sum;
}

// Moments lie side by side: all means, then all squares.
function adam(
  { orders }: Context,
  values: Float32Array,
  moments: Float32Array,
  at: number,
  gradient: Float32Array,
): void {
  const rate = orders.get("rate") / orders.get("meanShare");
  const short = 1 / orders.get("squareShare");
  const squares = values.length;
  for (let i = 0; i < gradient.length; i++) {
    const g = gradient[i], p = at + i;
    const mean = MEAN_DECAY * moments[p] + (1 - MEAN_DECAY) * g;
    const square = SQUARE_DECAY * moments[squares + p] +
      (1 - SQUARE_DECAY) * g * g;
    moments[p] = mean;
    moments[squares + p] = square;
    values[p] -= rate * mean / (Math.sqrt(square * short) + EPSILON);
  }
}

/** Scales a row to length 1; a row of zeros stays. */
export function toUnitLength(row: Float32Array): void {
  let square = 0;
  for (const value of row) square += value * value;
  if (square === 0) return;
  const factor = 1 / Math.sqrt(square);
  for (let i = 0; i < row.length; i++) row[i] *= factor;
}
