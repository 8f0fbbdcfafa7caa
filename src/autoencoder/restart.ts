import type { Context } from "./context.ts";

/**
 * Gives latents that no row makes active a new task, one row each: those of the step that are rebuilt worst. The
 * decoder row becomes what is left of the row; where decoders stay, the row is the one of which the atom takes most.
 * The encoder row points to the row itself, so that it and rows much like it (projections on it above a half) are what
 * makes the latent active, with the value that takes away most of the row's error. Adam's moments begin again.
 *
 * @param context of a step that was looked at
 * @param latents which
 * @returns those that have one; no row is given twice
 */
export function restartLatents(
  context: Context,
  latents: readonly number[],
): number[] {
  const rows = worstRows(context);
  const restarted: number[] = [];
  for (const latent of latents) {
    const found = context.spec.learnsDecoder
      ? rows.shift()
      : rowForAtom(context, latent, rows);
    if (found === undefined) break;
    const value = turnDecoder(context, latent, found);
    if (!(value > 0)) continue;
    turnEncoder(context, latent, found, value);
    forget(context, latent);
    restarted.push(latent);
  }
  return restarted;
}

/** What the levels from a latent's own on leave of a row, summed over them. */
function restOf({ layout, views }: Context, row: number, level: number) {
  const at = (row * layout.levelCount + level) * layout.padded;
  return views.rests.subarray(at, at + layout.padded);
}

// Rows of the step by what all latents together leave of them, the most first.
function worstRows(context: Context): number[] {
  const { layout, orders } = context;
  const errors = Float64Array.from(
    { length: orders.get("rows") },
    (_, row) => squareOf(restOf(context, row, layout.levelCount - 1)),
  );
  return [...errors.keys()].sort((a, b) => errors[b] - errors[a] || a - b);
}

// The row that the atom takes most of; it is taken off the list.
function rowForAtom(
  context: Context,
  latent: number,
  rows: number[],
): number | undefined {
  const { kernels, layout, spec } = context;
  const { rowBytes, levelCount } = layout;
  let place = -1, most = 0;
  rows.forEach((row, i) => {
    const rest = layout.rests +
      (row * levelCount + spec.levels[latent]) * rowBytes;
    const atom = layout.decoder + latent * rowBytes;
    const along = kernels.dot(rest, atom, rowBytes);
    if (along > most) [place, most] = [i, along];
  });
  return place < 0 ? undefined : rows.splice(place, 1)[0];
}

// Returns the value that takes most of what is left, on average over the levels that the latent counts in.
function turnDecoder(context: Context, latent: number, row: number): number {
  const { layout: { padded, levelCount }, spec, views } = context;
  const level = spec.levels[latent];
  const rest = restOf(context, row, level);
  const atom = views.decoder.subarray(latent * padded, (latent + 1) * padded);
  if (spec.learnsDecoder) {
    const length = Math.sqrt(squareOf(rest));
    if (length === 0) return 0;
    for (let d = 0; d < padded; d++) atom[d] = rest[d] / length;
  }
  let along = 0;
  for (let d = 0; d < padded; d++) along += rest[d] * atom[d];
  return along / (levelCount - level);
}

// Pre-activations of value · (2·⟨y, row⟩/‖row‖² − 1): the value for the row itself, above zero from one half on.
function turnEncoder(
  { layout: { padded }, views }: Context,
  latent: number,
  row: number,
  value: number,
): void {
  const own = views.rows.subarray(row * padded, (row + 1) * padded);
  const slope = 2 * value / squareOf(own);
  for (let d = 0; d < padded; d++) {
    views.encoder[latent * padded + d] = slope * own[d];
  }
  views.bias[latent] = -value;
}

function forget(
  { layout: { padded }, spec, views }: Context,
  latent: number,
): void {
  const clear = (moments: Float32Array, size: number) => {
    const half = moments.length / 2;
    moments.fill(0, latent * size, (latent + 1) * size);
    moments.fill(0, half + latent * size, half + (latent + 1) * size);
  };
  clear(views.encoderMoments, padded);
  clear(views.biasMoments, 1);
  if (spec.learnsDecoder) clear(views.decoderMoments, padded);
}

function squareOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}
