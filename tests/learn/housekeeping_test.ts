import assert from "node:assert/strict";
import type { IterationReport } from "../../src/engine/engine.ts";
import {
  atomsToReplace,
  emptyWindow,
  noteUsage,
  windowUsage,
} from "../../src/learn/housekeeping.ts";

function report(usage: number[], duplicates: number[] = []): IterationReport {
  return {
    rows: 10,
    energy: 1,
    codingError: 0.5,
    updatedError: 0.4,
    nonzeros: 10,
    usage: Uint32Array.from(usage),
    duplicates: Uint32Array.from(duplicates),
    milliseconds: 1,
    stages: {},
  };
}

Deno.test("windowUsage() adds up one pass of iterations", () => {
  const window = emptyWindow(3);
  for (const usage of [[9, 9, 9], [1, 0, 2], [3, 0, 1]]) {
    noteUsage(window, report(usage), 2);
  }
  assert.deepEqual([...windowUsage(window, 3)], [4, 0, 3]);
});

Deno.test("atomsToReplace() names atoms used too rarely over a pass, then duplicates", () => {
  const window = emptyWindow(4);
  noteUsage(window, report([0, 5, 1, 5]), 2);
  const when = { iteration: 1, iterations: 40, batchesPerPass: 2 };
  const latest = report([1, 5, 0, 5], [3, 2]);
  const early = atomsToReplace(window, latest, when, 2);
  assert.deepEqual(early.dead, [], "half a pass tells nothing");
  noteUsage(window, latest, 2);
  assert.deepEqual(
    atomsToReplace(window, latest, { ...when, iteration: 2 }, 2),
    { dead: [0, 2], duplicates: [3] },
  );
});

Deno.test("atomsToReplace() gives a new atom a pass, and leaves the last tenth alone", () => {
  const window = emptyWindow(2);
  noteUsage(window, report([0, 9]), 1);
  window.replacedAt[0] = 5;
  const when = { iterations: 100, batchesPerPass: 2 };
  const dead = (iteration: number) =>
    atomsToReplace(window, report([0, 9]), { ...when, iteration }, 2).dead;
  noteUsage(window, report([0, 9]), 2);
  assert.deepEqual(dead(7), []);
  assert.deepEqual(dead(8), [0]);
  assert.deepEqual(dead(89), [0]);
  assert.deepEqual(dead(90), []);
});
