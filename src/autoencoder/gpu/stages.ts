// The stages of a training's step, recorded one after the other.
import { multiplyByRows } from "../../engine/gpu/stages/correlate.ts";
import { flatThreads } from "../../engine/gpu/stages/common.ts";
import { LIST_PIECE } from "../../engine/gpu/stages/lists.ts";
import { partRuns } from "../../gpu/matrix.ts";
import { shortfall } from "../learn.ts";
import type { TrainerContext } from "./context.ts";
import { TALLY_EACH } from "./kernels.ts";

/** Digits of a float that the search for a floor takes one after the other, by where they begin. */
const DIGITS = [24, 16, 8, 0];

/**
 * The largest pre-activations of rows, those above zero: k of them, or where rows share theirs, several times k.
 *
 * @param scaled whether they are the largest times their latents' scales
 */
export function codeRows(
  { buffers, kernels, kernelContext, plan, runner, spec }: TrainerContext,
  count: number,
  scaled = false,
): void {
  const { tuning: { product: tile } } = kernelContext;
  const { A, bias, scales, indices, values, Y, E } = buffers;
  const by = { runner, tile, ...kernels };
  const target = { buffer: A, row: 0, stride: 4 * plan.stride };
  for (let first = 0; first < count; first += plan.chunkRows) {
    const chunk = Math.min(plan.chunkRows, count - first);
    for (const { part, offset, from, rows } of partRuns(Y, first, chunk)) {
      runner.stage("activations");
      const side = { buffer: Y.buffers[part], offset, rows };
      multiplyByRows(by, side, E, { first: 0, rows: spec.latents }, target);
      runner.stage("largest");
      runner.run(
        scaled ? kernels.largestScaled! : kernels.largest,
        { A, bias, scales, indices, values },
        { rows, row: first + from, slot: 0, atom: 0 },
        rows,
      );
    }
  }
}

/** Finds the floor that k · rows of the codes exceed, equal ones all or none, and leaves what is above it. */
export function shareCodes(context: TrainerContext, count: number): void {
  const { buffers, kernels, kernelContext, plan, runner, spec } = context;
  const { values, indices, place, digits: counts } = buffers;
  const slots = count * plan.slots, threads = flatThreads(kernelContext);
  runner.stage("floor");
  for (const [i, shift] of DIGITS.entries()) {
    // The first digit is looked for among all, whatever was found before.
    if (i === 0) runner.clear(place, 8);
    runner.run(
      kernels.tally!,
      { values, place, counts },
      { slots, shift },
      Math.ceil(slots / (threads * TALLY_EACH)),
    );
    runner.run(
      kernels.floor!,
      { counts, place },
      { begins: i === 0 ? 1 : 0, wanted: spec.sparsity * count + 1 },
      1,
    );
  }
  runner.run(
    kernels.above!,
    { place, indices, values },
    { slots },
    Math.ceil(slots / threads),
  );
}

/** Leaves the codes above their latents' floors. */
export function keepAbove(
  { buffers, kernels, kernelContext, plan, runner }: TrainerContext,
  count: number,
): void {
  const { floors, indices, values } = buffers, slots = count * plan.slots;
  const groups = Math.ceil(slots / flatThreads(kernelContext));
  runner.stage("floor");
  runner.run(
    kernels.aboveEach!,
    { floors, indices, values },
    { slots },
    groups,
  );
}

/** What every level leaves of rows, and how the loss changes with each active latent. */
export function rebuildRows(
  { buffers, kernels, plan, runner }: TrainerContext,
  count: number,
): void {
  const { levelCount } = plan;
  const { indices, values, slopes, levels, Y, D, R } = buffers;
  runner.stage("rebuild");
  runner.run(
    kernels.rebuild,
    { indices, values, slopes, levels, Y, D, R },
    { rows: count, levels: levelCount, factor: factorOf(levelCount, count) },
    count,
  );
}

/**
 * What the latents above their floors leave of rows, and what those near their floors would have of it; their uses are
 * listed next.
 */
export function rebuildAbove(
  { buffers, kernels, runner }: TrainerContext,
  count: number,
): void {
  const { indices, values, slopes, floors, Y, D, R } = buffers;
  runner.stage("rebuild");
  runner.run(
    kernels.rebuildAbove!,
    { indices, values, slopes, floors, Y, D, R },
    { rows: count, levels: 1, factor: 1 },
    count,
  );
}

/** Adds up what latents near their floors are worth to rows whose uses are listed. */
export function addWorths(
  { buffers, kernels, kernelContext, runner, spec }: TrainerContext,
): void {
  const { lists, values, slopes, floors, worths } = buffers;
  const { latents } = spec;
  runner.stage("worth");
  runner.run(
    kernels.worth!,
    { lists, values, slopes, floors, worths },
    { latents },
    Math.ceil(latents / flatThreads(kernelContext)),
  );
}

/** Every latent's uses, in the order of the rows. */
export function listUses(
  { buffers, kernels, kernelContext, plan, runner, spec }: TrainerContext,
  count: number,
): void {
  const { latents } = spec;
  const { indices, turns, ranks, counts, totals, lists } = buffers;
  const { usage, updates } = buffers;
  const threads = flatThreads(kernelContext);
  const block = Math.ceil(count / plan.sortBlocks);
  const blocks = Math.ceil(count / block);
  const codes = { rows: count, slot: 0, block, first: 0, keys: latents };
  runner.stage("lists");
  runner.run(
    kernels.count,
    { indices, turns, ranks, counts },
    { ...codes, batch: 1 },
    blocks,
  );
  runner.run(
    kernels.offsets,
    { counts, totals },
    { keys: latents, blocks },
    Math.ceil(latents / threads),
  );
  runner.run(
    kernels.starts,
    // Latents' turns are their own numbers: one order for both.
    { totals, lists, order: turns, usage, updates },
    { keys: latents, piece: LIST_PIECE, first: 0 },
    1,
  );
  runner.run(
    kernels.scatter,
    { indices, turns, ranks, counts, lists },
    codes,
    Math.ceil(count * plan.slots / threads),
  );
}

/** Adam's step: every latent's encoder row and bias and, where decoders learn, its decoder row, kept at length 1. */
export function learn(
  { buffers, kernels, plan, runner, spec }: TrainerContext,
  count: number,
  { rate, steps }: { rate: number; steps: number },
): void {
  const { latents } = spec, { levelCount } = plan;
  const { Y, R, E, D, ofEncoder, ofDecoder } = buffers;
  const { lists, slopes, values, levels, bias, states } = buffers;
  const { mean, square } = shortfall(steps);
  const step = {
    ...{ latents, rows: count, levels: levelCount },
    ...{ rate: rate / mean, short: 1 / square },
  };
  runner.stage("learn");
  runner.run(
    kernels.learnEncoder,
    { S: Y, weights: slopes, lists, P: E, M: ofEncoder, bias, states },
    { ...step, factor: 1 },
    latents,
  );
  if (kernels.learnDecoder === undefined) return;
  runner.run(
    kernels.learnDecoder,
    { S: R, weights: values, lists, P: D, M: ofDecoder, levels },
    { ...step, factor: factorOf(levelCount, count) },
    latents,
  );
}

// The loss is the mean over rows and levels of ‖y − ŷ‖².
function factorOf(levels: number, rows: number): number {
  return -2 / (levels * rows);
}
