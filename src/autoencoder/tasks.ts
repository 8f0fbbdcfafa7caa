// What a thread does with the tasks of a step's phases. What a task makes depends on its number alone.
import type { Runner } from "../engine/cpu/crew.ts";
import { chooseLargest } from "../largest.ts";
import {
  depthRuns,
  PANEL_COLUMNS,
  PANEL_ROWS,
} from "../wasm/kernels/product.ts";
import type { Context } from "./context.ts";
import { learnLatent } from "./learn.ts";
import { CHUNK_LATENTS, CHUNK_ROWS } from "./layout.ts";
import { PHASE } from "./orders.ts";

/** What a thread does with the tasks of every phase. */
export function makeRunner(context: Context): Runner {
  const work: Record<number, (task: number) => void> = {
    [PHASE.pack]: (task) => packLatents(context, task),
    [PHASE.code]: (task) => codeRows(context, task),
    [PHASE.rebuild]: (task) => rebuildRows(context, task),
    [PHASE.learn]: (task) => learnLatents(context, task),
  };
  return (phase, task) => work[phase](task);
}

// A task of packing: one run of values of all latents' encoder rows.
function packLatents({ kernels, layout }: Context, task: number): void {
  const { from, depth } = depthRuns(layout.padded)[task];
  kernels.packColumns(
    layout.encoder + 4 * from,
    layout.panels + 4 * layout.wide * from,
    layout.rowBytes,
    layout.wide / PANEL_COLUMNS,
    depth,
  );
}

// A task of coding: the largest pre-activations of some rows.
function codeRows(context: Context, task: number): void {
  const { layout, orders, spec, views } = context;
  const first = (orders.get("firstChunk") + task) * CHUNK_ROWS;
  const count = Math.min(CHUNK_ROWS, orders.get("rows") - first);
  multiply(context, first, count);
  const { slots, wide } = layout, { latents } = spec;
  for (let i = 0; i < count; i++) {
    const values = views.products.subarray(i * wide, i * wide + latents);
    for (let j = 0; j < latents; j++) values[j] += views.bias[j];
    const chosen = chooseLargest(values, slots);
    const at = (first + i) * slots;
    views.counts[first + i] = chosen.indices.length;
    views.indices.set(chosen.indices, at);
    views.values.set(chosen.values, at);
  }
}

function multiply(
  { kernels, layout, own }: Context,
  first: number,
  count: number,
): void {
  const { rowBytes, wide } = layout, panels = Math.ceil(count / PANEL_ROWS);
  for (const { from, depth } of depthRuns(layout.padded)) {
    const rows = layout.rows + first * rowBytes + 4 * from;
    kernels.packRows(rows, own.panels, rowBytes, panels, depth);
    kernels.product(
      own.panels,
      layout.panels + 4 * wide * from,
      own.products,
      panels,
      wide / PANEL_COLUMNS,
      depth,
      4 * wide,
      from === 0 ? 1 : 0,
    );
  }
}

// A task of rebuilding: what every level leaves of some rows, and how the loss changes with each active latent. The
// loss is the mean over levels of ‖y − ŷ‖², ŷ by the latents up to the level.
function rebuildRows(context: Context, task: number): void {
  const { kernels, layout, orders, spec, views } = context;
  const { padded, rowBytes, slots, levelCount } = layout;
  const first = task * CHUNK_ROWS, rows = orders.get("rows");
  const factor = -2 / (levelCount * rows);
  for (let row = first; row < Math.min(first + CHUNK_ROWS, rows); row++) {
    const from = row * slots, to = from + views.counts[row];
    const place = (level: number) =>
      layout.rests + (row * levelCount + level) * rowBytes;
    const rest = (level: number) => {
      const at = (row * levelCount + level) * padded;
      return views.rests.subarray(at, at + padded);
    };
    rest(0).set(views.rows.subarray(row * padded, (row + 1) * padded));
    for (let level = 0; level < levelCount; level++) {
      if (level > 0) rest(level).set(rest(level - 1));
      for (let e = from; e < to; e++) {
        const latent = views.indices[e];
        if (spec.levels[latent] !== level) continue;
        const atom = layout.decoder + latent * rowBytes;
        kernels.step(place(level), atom, -views.values[e], 1, rowBytes);
      }
    }
    // A latent answers for its own level and for all above.
    for (let level = levelCount - 2; level >= 0; level--) {
      kernels.step(place(level), place(level + 1), 1, 1, rowBytes);
    }
    for (let e = from; e < to; e++) {
      const latent = views.indices[e];
      const atom = layout.decoder + latent * rowBytes;
      views.slopes[e] = factor *
        kernels.dot(place(spec.levels[latent]), atom, rowBytes);
    }
  }
}

function learnLatents(context: Context, task: number): void {
  const first = task * CHUNK_LATENTS;
  const last = Math.min(first + CHUNK_LATENTS, context.spec.latents);
  for (let latent = first; latent < last; latent++) {
    learnLatent(context, latent);
  }
}
