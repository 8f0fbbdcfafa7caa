import assert from "node:assert/strict";
import { judge } from "../../src/bench/targets.ts";
import type { BenchReport, BenchStage } from "../../src/bench/types.ts";

function stage(
  name: BenchStage["stage"],
  coder: "mp" | "omp",
  milliseconds: number,
  peerMilliseconds?: number,
): BenchStage {
  return {
    stage: name,
    coder,
    n: 2304,
    m: 4096,
    k: 20,
    rows: 32768,
    atomBatch: 128,
    precision: "f32",
    subgroups: true,
    milliseconds,
    limit: "bytes",
    percentOfLimit: null,
    gpuBusy: null,
    maxRelativeError: null,
    peerMilliseconds,
  };
}

function report(stages: BenchStage[]): BenchReport {
  const device = { name: "a card", kind: "gpu", software: false } as const;
  return { device, stages, problems: [], notes: [], ok: true };
}

const verdictOf = (what: string, results: Record<string, BenchReport>) => {
  const found = judge(results, 1).find((target) => target.what.includes(what))!;
  return [found.verdict, found.value && Number(found.value.toFixed(2))];
};

Deno.test("judge() holds the peer's time over ours to floor and aim", () => {
  const at = (ms: number) => ({ k20: report([stage("mp", "mp", ms, 10.7)]) });
  assert.deepEqual(verdictOf("MP, k = 20", at(1.5)), ["aim", 7.13]);
  assert.deepEqual(verdictOf("MP, k = 20", at(2.5)), ["floor", 4.28]);
  assert.deepEqual(verdictOf("MP, k = 20", at(3)), ["missed", 3.57]);
});

Deno.test("judge() counts residual and lists into the update, and FLOP/s by the sizes", () => {
  const k20 = report([
    stage("correlate", "mp", 14),
    stage("residual", "mp", 1),
    stage("lists", "mp", 1),
    stage("update", "mp", 5, 30),
  ]);
  assert.deepEqual(
    verdictOf("update with residual and lists, k = 20", { k20 }),
    [
      "floor",
      4.29,
    ],
  );
  assert.deepEqual(verdictOf("correlations", { k20 }), ["floor", 44.18]);
});

Deno.test("judge() takes fewer seconds for better, and says what was not measured", () => {
  const results = { "train-mp": report([stage("train", "mp", 9000)]) };
  assert.deepEqual(verdictOf("3 passes, MP", results), ["aim", 9]);
  assert.deepEqual(verdictOf("3 passes, OMP", results), ["not measured", null]);
});
