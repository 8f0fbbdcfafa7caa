import { type Codes, EMPTY_SLOT } from "../../engine/engine.ts";
import type { AtomReading } from "../../model/atom_reading.ts";
import type { DictionaryModel } from "../../model/model.ts";
import { pauseIfDue } from "../../pause.ts";
import type { RowSource } from "../../rows/source.ts";
import { latentOf, NOTHING_HELD, RankedRows, rowRank } from "../latent_rows.ts";
import { readingOfRows, sidesOf } from "../look.ts";
import type { InspectOptions } from "../options.ts";
import type { CodeSpool } from "./code_spool.ts";

/** Rows of a latent that are shown: the strongest, and as many of each interval. */
const SHOWN = { top: 20, interval: 5 };

/** Intervals of equal width from 0 to a latent's largest activation. */
export const INTERVALS = 5;

/** Bars of a histogram. */
export const BARS = 50;

/** What is known of every latent: an atom's positive codes, then, where codes have signs, its negative ones. */
export interface LatentFigures {
  /** What rows use atoms by. */
  by: AtomReading;
  /** Latents of an atom; they stand together. */
  sides: 1 | 2;
  /** Rows seen. */
  rows: number;
  /** Rows that use each. */
  uses: Uint32Array;
  /** The smallest and the largest activation of each. */
  least: Float32Array;
  most: Float32Array;
  /** latents × {@linkcode BARS} rows, by activation from the smallest to the largest. */
  bars: Uint32Array;
  /** latents × {@linkcode INTERVALS} rows, by activation from 0 to the largest; both ends count. */
  within: Uint32Array;
  /** The rows that use each most. */
  top: RankedRows;
  /** Rows drawn from each interval: those of (latent × INTERVALS + interval). */
  drawn: RankedRows;
}

/**
 * Codes rows into a spool, and finds of every latent how strongly it is used and by which rows. Two passes over the
 * codes, one over the rows; memory is bounded by latents.
 */
export async function gatherFigures(
  model: DictionaryModel,
  source: RowSource,
  spool: CodeSpool,
  options: InspectOptions,
): Promise<LatentFigures> {
  const sides = sidesOf(model);
  const latents = model.atoms * sides;
  const reading = await readingOfRows(model, source, options);
  const figures: LatentFigures = {
    by: reading.by,
    sides,
    rows: 0,
    uses: new Uint32Array(latents),
    least: new Float32Array(latents).fill(Infinity),
    most: new Float32Array(latents),
    bars: new Uint32Array(latents * BARS),
    within: new Uint32Array(latents * INTERVALS),
    top: new RankedRows(latents, SHOWN.top, NOTHING_HELD, false),
    drawn: new RankedRows(
      latents * INTERVALS,
      SHOWN.interval,
      NOTHING_HELD,
      false,
    ),
  };
  for await (const { codes, numbers } of reading.codes()) {
    figures.rows += codes.rows;
    spool.add(codes, numbers);
    addExtent(figures, codes);
  }
  for (const { codes, first } of spool.all()) {
    addRows(figures, codes, first);
    await pauseIfDue(options.signal);
  }
  return figures;
}

function* uses(codes: Codes, sides: number) {
  const { sparsity, indices, values } = codes;
  for (let slot = 0; slot < indices.length; slot++) {
    const atom = indices[slot], value = values[slot];
    if (atom === EMPTY_SLOT || value === 0) continue;
    const latent = latentOf(atom, value, sides);
    yield { latent, slot, i: Math.floor(slot / sparsity) };
  }
}

function addExtent(
  { sides, uses: used, least, most }: LatentFigures,
  codes: Codes,
): void {
  for (const { latent, slot } of uses(codes, sides)) {
    const size = Math.abs(codes.values[slot]);
    used[latent]++;
    least[latent] = Math.min(least[latent], size);
    most[latent] = Math.max(most[latent], size);
  }
}

function addRows(
  { sides, least, most, bars, within, top, drawn }: LatentFigures,
  codes: Codes,
  first: number,
): void {
  for (const { latent, slot, i } of uses(codes, sides)) {
    const size = Math.abs(codes.values[slot]);
    const row = first + i;
    const use = { codes, i, slot, row };
    const extent = most[latent] - least[latent];
    const bar = extent === 0 ? 0 : (size - least[latent]) / extent * BARS;
    bars[latent * BARS + Math.min(BARS - 1, Math.floor(bar))]++;
    const place = size / most[latent] * INTERVALS;
    const interval = Math.min(INTERVALS - 1, Math.floor(place));
    within[latent * INTERVALS + interval]++;
    top.offer(latent, size, use);
    drawn.offer(latent * INTERVALS + interval, rowRank(row), use);
  }
}
