import {
  CONTEXT_UNIT,
  CONTEXT_WIDTH,
  Contexts,
  ContextWindow,
  type Windowed,
} from "../inspection/contexts.ts";
import {
  LatentRowKeeper,
  NOTHING_HELD,
  type RankedRows,
} from "../inspection/latent_rows.ts";
import { placesOf, readingOfRows, sidesOf } from "../inspection/look.ts";
import type { InspectOptions } from "../inspection/options.ts";
import type { NumberedCodes } from "../inspection/stored_codes.ts";
import { UsageTally } from "../inspection/tally.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { WindowPool } from "./window_pool.ts";

/** Rows kept of every latent: the strongest, and those drawn evenly from all that use it. */
const KEPT = { top: 20, spread: 40 };

/** What one pass over the rows found of every latent. */
export interface Gathered {
  /** What rows use atoms by. */
  by: AtomReading;
  /** Latents of an atom: the positive one first where there are two. */
  sides: 1 | 2;
  /** Rows that use each latent. */
  uses: Uint32Array;
  /** The largest |value| of each. */
  maxActivation: Float32Array;
  top: RankedRows;
  spread: RankedRows;
  pool: WindowPool;
}

/** A row that uses a latent. */
export interface UsingRow {
  row: number;
  /** Its |value|, in raw units. */
  size: number;
  /** Whether it was drawn evenly from all that use the latent; else it is only one of the strongest. */
  isDrawn: boolean;
  /** Where rows are tokens: shares of its own value that the tokens around have, its own in the middle. */
  shares?: number[];
}

/**
 * Codes rows, or reads their codes, and keeps the numbers of those that show what latents stand for: one pass, memory
 * bounded by atoms × rows kept.
 */
export async function gather(
  model: DictionaryModel,
  source: RowSource,
  options: InspectOptions,
): Promise<Gathered> {
  const sides = sidesOf(model);
  const nested = source.readItems !== undefined;
  const keeper = new LatentRowKeeper(
    model.atoms,
    sides,
    KEPT,
    nested,
    NOTHING_HELD,
  );
  const pool = new WindowPool(sides);
  const tally = new UsageTally(model.atoms, sides);
  const offer = (coded: NumberedCodes | Windowed | undefined) => {
    if (coded === undefined) return;
    const { codes, numbers } = coded;
    const { places, start = 0, end = codes.rows } = coded as Partial<Windowed>;
    const around = places && new Contexts(codes, places);
    keeper.offer(codes, numbers, { start, end, ...around && { around } });
    pool.offer(coded, places, { start, end });
  };
  const window = new ContextWindow();
  const rows = await readingOfRows(model, source, options);
  for await (const coded of rows.codes()) {
    tally.add(coded.codes);
    const { codes, numbers } = coded;
    if (!nested) offer(coded);
    else {
      offer(window.add(codes, numbers, await placesOf(source, numbers)));
    }
  }
  if (nested) offer(window.rest());
  const { latents } = tally.table();
  const { top, spread } = keeper;
  return { by: rows.by, sides, ...latents, top, spread, pool };
}

/** The rows that were kept of a latent, each once, the strongest first. */
export function rowsUsing(
  { top, spread }: Gathered,
  latent: number,
): UsingRow[] {
  const byRow = new Map<number, UsingRow>();
  for (const ranked of [spread, top]) {
    const { perLatent, rows, values, contexts } = ranked;
    const first = latent * perLatent;
    for (let place = first; place < first + perLatent; place++) {
      const row = rows[place];
      if (row < 0 || byRow.has(row)) continue;
      const at = place * CONTEXT_WIDTH;
      byRow.set(row, {
        ...{ row, size: Math.abs(values[place]), isDrawn: ranked === spread },
        ...contexts && {
          shares: Array.from(
            contexts.subarray(at, at + CONTEXT_WIDTH),
            (share) => share / CONTEXT_UNIT,
          ),
        },
      });
    }
  }
  return [...byRow.values()].sort((a, b) => b.size - a.size || a.row - b.row);
}
