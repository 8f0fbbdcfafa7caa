import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import type { Codes } from "../engine/engine.ts";
import { createMetrics } from "../metrics/accumulator.ts";
import type { DictionaryModel } from "../model/model.ts";
import { reconstruct } from "../model/reconstruct.ts";
import { RowBits } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { scalars } from "../use/train.ts";
import { type PipelinePlaces, rowsFile } from "./places.ts";
import { storedRows } from "./stored_rows.ts";
import type { Store } from "./database.ts";

/** Held-out rows of one drop, or a fixed evaluation file. */
export interface EvaluationPart {
  /** `drop:17`, or `file:` and its name. */
  scope: string;
  source: RowSource;
  /** Only these rows of it. */
  only?: RowSet;
  /** Measured and reported, but no part of `all`: a drop that made the dictionary worse. */
  quarantined: boolean;
  /** Of the drops that the candidate was trained on. */
  fresh?: boolean;
}

/** Metrics by name. */
export type Scores = Record<string, number> & {
  fvu: number;
  dead_atoms: number;
};

/** A dictionary's metrics on the held-out rows. */
export interface DropScores {
  /** Over all rows that count. */
  all: Scores;
  /** FVU over all rows that count but those of the drops that the candidate was trained on; NaN without any. */
  earlierFvu: number;
  /** ‖r‖² of each of those rows. */
  earlierErrors: Float64Array;
  /** The mean of the drops' FVUs, weighted by their rows. */
  meanFvu: number;
  /** By scope, quarantined drops included. */
  drops: Record<string, Scores>;
}

/** Measures a dictionary on every part, by the coder that it was trained for, without ridge. */
export async function scoreByDrop(
  model: DictionaryModel,
  parts: readonly EvaluationPart[],
  options: RunOptions,
): Promise<DropScores> {
  const coder = await engineCoder(model, options);
  const all = createMetrics(model);
  const earlier = createMetrics(model);
  const earlierErrors: number[] = [];
  const drops: Record<string, Scores> = {};
  let weighted = 0;
  let weights = 0;
  try {
    for (const { scope, source, only, quarantined, fresh } of parts) {
      const own = createMetrics(model);
      const coded = codeRows(source, [coder], {
        ...options,
        delivery: { only },
      });
      for await (const { batch: { data }, codes: [codes] } of coded) {
        own.add(data, codes);
        if (quarantined) continue;
        all.add(data, codes);
        if (fresh) continue;
        earlier.add(data, codes);
        addErrors(model, data, codes, earlierErrors);
      }
      const scores = scalars(own.result()) as Scores;
      drops[scope] = scores;
      if (quarantined || !Number.isFinite(scores.fvu)) continue;
      weighted += scores.fvu * scores.rows;
      weights += scores.rows;
    }
  } finally {
    await coder.close();
  }
  const whole = scalars(all.result()) as Scores;
  const earlierFvu = earlier.result().fvu;
  return {
    all: whole,
    earlierFvu,
    earlierErrors: Float64Array.from(earlierErrors),
    meanFvu: weighted / weights,
    drops,
  };
}

function addErrors(
  model: DictionaryModel,
  rows: Float32Array,
  codes: Codes,
  errors: number[],
) {
  const { width } = model;
  const rebuilt = reconstruct(model, codes);
  for (let row = 0; row < codes.rows; row++) {
    let error = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      error += (rows[i] - rebuilt[i]) ** 2;
    }
    errors.push(error);
  }
}

/** The held-out rows of all drops so far, those of superseded files left out; drops whose rows wait are `fresh`. */
export function heldOutParts(
  store: Store,
  places: PipelinePlaces,
  width: number,
  superseded: ReadonlySet<number> = new Set(),
): EvaluationPart[] {
  const drops = store.all<{ run: number; quarantined: number; waits: number }>(
    `SELECT run, quarantined,
       run IN (SELECT run FROM pending) AND NOT quarantined AS waits
     FROM drops ORDER BY run`,
  );
  return drops.map(({ run, quarantined, waits }) => {
    const ranges = store.all<{ file: number; start: number; end: number }>(
      `SELECT file, offset AS start, offset + rows AS end FROM held_out
       WHERE run = :run ORDER BY offset`,
      { run },
    ).filter(({ file }) => !superseded.has(file));
    const rows = ranges.at(-1)?.end ?? 0;
    const only = new RowBits(rows);
    for (const { start, end } of ranges) {
      for (let row = start; row < end; row++) only.add(row);
    }
    return {
      scope: `drop:${run}`,
      source: storedRows(rowsFile(places.heldOut, run), width, rows),
      only,
      quarantined: quarantined === 1,
      fresh: waits === 1,
    };
  });
}
