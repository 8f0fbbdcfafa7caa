import { randomStream } from "../random.ts";
import { RowBits } from "../rows/row_set.ts";
import { join } from "node:path";
import type { Admission } from "./admit.ts";
import type { MixedPart } from "./mixed_source.ts";
import type { ReservoirSlot } from "./reservoir.ts";
import type { RunContext } from "./context.ts";
import { pendingRows } from "./pending.ts";
import { storedRows } from "./stored_rows.ts";
import type { Store } from "./database.ts";

/** The reservoir as it stands. */
export interface Reservoir {
  slots: ReservoirSlot[];
  /** Its file, if there is one. */
  path?: string | undefined;
}

/** Reads which rows the reservoir holds, those of superseded files left out. */
export function presentReservoir(
  store: Store,
  folder: string,
  superseded: ReadonlySet<number>,
): Reservoir {
  const name = store.one<{ value: string }>(
    "SELECT value FROM facts WHERE name = 'reservoir'",
  )?.value;
  const slots = store.all<ReservoirSlot>(
    `SELECT slot, file, row, key FROM reservoir
     WHERE file IN (SELECT id FROM files WHERE state = 'taken')
     ORDER BY slot`,
  ).filter(({ file }) => !superseded.has(file));
  return { slots, path: name === undefined ? undefined : join(folder, name) };
}

/** The largest key in a full reservoir: no row above it can enter. Infinity while there is room. */
export function largestKey(store: Store, capacity: number): number {
  const { rows, largest } = store.one<{ rows: number; largest: number }>(
    "SELECT count(*) AS rows, max(key) AS largest FROM reservoir",
  )!;
  return rows >= capacity ? largest ?? 0 : Infinity;
}

/** A seeded sample of the reservoir for one run: `ratio` old rows for each new one, as far as they go. */
export function replayPart(
  { store, settings, places }: RunContext,
  { newRows, earlier, width, superseded }: Admission,
  seed: number,
): MixedPart | undefined {
  const { slots, path } = presentReservoir(
    store,
    places.reservoir,
    superseded,
  );
  const rows = newRows + pendingRows(earlier);
  const most = Math.floor(settings.reservoir.ratio * rows);
  const count = Math.min(slots.length, most);
  if (count === 0 || path === undefined) return undefined;
  const fileRows = slots[slots.length - 1].slot + 1;
  const random = randomStream(seed, "replay");
  const chosen = new RowBits(fileRows);
  for (let last = slots.length - count; last < slots.length; last++) {
    const { slot } = slots[random.integer(last + 1)];
    if (!chosen.add(slot)) chosen.add(slots[last].slot);
  }
  return {
    source: storedRows(path, width, fileRows),
    only: chosen,
    rows: count,
  };
}
