import { depthRuns } from "../../wasm/kernels/product.ts";
import { GRAM_ROWS, type GroupPlace } from "./layout.ts";
import { PHASE } from "./orders.ts";
import type { Parts } from "./parts.ts";
import { dealtTask } from "./products.ts";

/** Makes the atoms as products take them, and the Gram that pursuits go by, where they are not there already. */
export function prepareAtoms(parts: Parts, group: GroupPlace): void {
  if (parts.fresh.has(group)) return;
  packAndMultiply(parts, group, { rank: 0, ranks: 1 });
  if (parts.spec.coder.method !== "correlations") mirror(parts, group);
  parts.fresh.add(group);
}

/**
 * One process's part of a group's Gram: from the diagonal on, the rows of the tasks that are dealt to it. What is in
 * it does not depend on who makes it.
 */
export function gramPart(
  parts: Parts,
  group: GroupPlace,
  rank: number,
  ranks: number,
): Float32Array {
  if (!parts.fresh.has(group)) packAndMultiply(parts, group, { rank, ranks });
  const gram = gramOf(parts, group);
  const runs = runsOf(group, rank, ranks);
  const length = runs.reduce((sum, { from, to }) => sum + to - from, 0);
  const part = new Float32Array(length);
  let at = 0;
  for (const { from, to } of runs) {
    part.set(gram.subarray(from, to), at);
    at += to - from;
  }
  return part;
}

/** Puts the Gram together from the parts of all processes, in order of rank. */
export function takeGram(
  parts: Parts,
  group: GroupPlace,
  all: readonly Float32Array[],
): void {
  const gram = gramOf(parts, group);
  all.forEach((part, rank) => {
    let at = 0;
    for (const { from, to } of runsOf(group, rank, all.length)) {
      gram.set(part.subarray(at, at + to - from), from);
      at += to - from;
    }
  });
  const { layout, orders } = parts.context;
  orders.set({ group: layout.groups.indexOf(group) });
  mirror(parts, group);
  parts.fresh.add(group);
}

function packAndMultiply(
  { spec, context: { layout, orders, blas }, crew, progress }: Parts,
  group: GroupPlace,
  { rank, ranks }: { rank: number; ranks: number },
): void {
  orders.set({ rank, ranks, group: layout.groups.indexOf(group) });
  const { padded } = group, values = padded * layout.padded;
  // A BLAS takes the atoms as they lie.
  const packs = blas === undefined ? depthRuns(layout.padded).length : 0;
  crew.run(PHASE.pack, packs, values);
  if (spec.coder.method === "correlations") return;
  const tasks = ownTasks(group, rank, ranks).length;
  crew.run(
    PHASE.gram,
    tasks,
    values * padded / ranks,
    (done) => progress.report("gram", done, tasks),
  );
}

function mirror({ crew }: Parts, { padded }: GroupPlace): void {
  crew.run(PHASE.mirror, Math.ceil(padded / GRAM_ROWS), padded ** 2);
}

function ownTasks(
  { padded }: GroupPlace,
  rank: number,
  ranks: number,
): number[] {
  const tasks = Math.ceil(padded / GRAM_ROWS), own: number[] = [];
  for (let i = 0;; i++) {
    const task = dealtTask(i, rank, ranks);
    if (task >= tasks) return own;
    own.push(task);
  }
}

// Where the rows of a process's tasks lie in the Gram, each from the first column of its task on.
function runsOf(
  group: GroupPlace,
  rank: number,
  ranks: number,
): { from: number; to: number }[] {
  const { padded } = group;
  return ownTasks(group, rank, ranks).flatMap((task) => {
    const first = task * GRAM_ROWS;
    const rows = Math.min(GRAM_ROWS, padded - first);
    return Array.from({ length: rows }, (_, i) => {
      const row = (first + i) * padded;
      return { from: row + first, to: row + padded };
    });
  });
}

function gramOf(
  { context: { layout, views } }: Parts,
  group: GroupPlace,
): Float32Array {
  return views.grams[layout.groups.indexOf(group)];
}
