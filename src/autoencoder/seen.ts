// The threads' memory as latents that begin again see it and are put into it.
import type { Context } from "./context.ts";
import type { Beginning, SeenRows } from "./restart.ts";

/** The rows that were last looked at. */
export function seenRows(
  { kernels, layout, orders, spec, views }: Context,
): SeenRows {
  const { padded, rowBytes, levelCount } = layout;
  const vector = (of: Float32Array, place: number) =>
    of.subarray(place * padded, (place + 1) * padded);
  return {
    count: orders.get("rows"),
    levelCount,
    levels: spec.levels,
    learnsDecoder: spec.learnsDecoder,
    row: (row) => vector(views.rows, row),
    rest: (row, level) => vector(views.rests, row * levelCount + level),
    atom: (latent) => vector(views.decoder, latent),
    along: (row, level, latent) =>
      kernels.dot(
        layout.rests + (row * levelCount + level) * rowBytes,
        layout.decoder + latent * rowBytes,
        rowBytes,
      ),
  };
}

/** Puts a latent that begins again in its place, with Adam's moments at rest. */
export function placeBeginning(
  { layout: { padded }, spec, views }: Context,
  { latent, encoder, bias, decoder }: Beginning,
): void {
  views.encoder.set(encoder, latent * padded);
  views.bias[latent] = bias;
  if (decoder !== undefined) views.decoder.set(decoder, latent * padded);
  const clear = (moments: Float32Array, size: number) => {
    const half = moments.length / 2;
    moments.fill(0, latent * size, (latent + 1) * size);
    moments.fill(0, half + latent * size, half + (latent + 1) * size);
  };
  clear(views.encoderMoments, padded);
  clear(views.biasMoments, 1);
  if (spec.learnsDecoder) clear(views.decoderMoments, padded);
}
