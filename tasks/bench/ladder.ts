// The benchmark's ladder: the same problem through variants that are slower somewhere and taught something, each held
// to the CPU oracle. usage: deno run -A tasks/bench/ladder.ts [n m k rows]
import { checkStages } from "../../src/bench/check.ts";
import { firstAtoms, plantedRows } from "../../src/bench/planted.ts";
import {
  closeSession,
  openSession,
  sessionStages,
  type StageSession,
  timeRuns,
} from "../../src/bench/session.ts";
import { plainOmp } from "./omp_plain.ts";
import { specOf } from "../../src/bench/spec.ts";
import { ERROR_TOLERANCE, SUPPORT_AGREEMENT } from "../../src/bench/types.ts";
import type { GpuEngineOptions } from "../../src/engine/gpu/gpu.ts";

interface Rung {
  name: string;
  /** What it is there to show. */
  stages: string[];
  options: GpuEngineOptions;
  coder?: "mp" | "omp";
  /** What runs in the place of the stage. */
  instead?: (session: StageSession) => Promise<() => void>;
}

const tile = (side: number, depth: number, each: number, across = each) => ({
  tuning: {
    product: {
      rows: side,
      columns: side,
      depth,
      threadRows: each,
      threadColumns: across,
    },
  },
});

const RUNGS: Rung[] = [
  {
    name: "16² tile, 4×4 a thread",
    stages: ["correlate"],
    options: tile(16, 4, 4),
  },
  {
    name: "32² tile, 4×4 a thread",
    stages: ["correlate"],
    options: tile(32, 8, 4),
  },
  {
    name: "64² tile, 8×4 a thread",
    stages: ["correlate"],
    options: tile(64, 16, 8, 4),
  },
  {
    name: "128² tile, 8×8 a thread",
    stages: ["correlate"],
    options: tile(128, 16, 8),
  },
  {
    name: "128² tile, 8×16 a thread",
    stages: ["correlate"],
    options: tile(128, 16, 8, 16),
  },
  {
    name: "128² tile, 16×8 a thread",
    stages: ["correlate"],
    options: tile(128, 16, 16, 8),
  },
  {
    name: "128×256 tile, 8×16 a thread",
    stages: ["correlate"],
    options: {
      tuning: {
        product: {
          rows: 128,
          columns: 256,
          depth: 16,
          threadRows: 8,
          threadColumns: 16,
        },
      },
    },
  },
  {
    name: "the plain kernel, a thread a row",
    stages: ["omp"],
    options: { tuning: { search: "floats" } },
    instead: plainOmp,
  },
  ...(["omp", "mp"] as const).flatMap((coder) => [
    {
      name: "correlations through memory",
      coder,
      stages: [coder],
      options: { tuning: { search: "floats" as const, pursuitElements: 0 } },
    },
    {
      name: "correlations in registers",
      coder,
      stages: [coder],
      options: { tuning: { search: "floats" as const } },
    },
    {
      name: "the same without subgroups",
      coder,
      stages: [coder, "update"],
      options: { subgroups: false, tuning: { search: "floats" as const } },
    },
    ...(coder === "omp"
      ? (["floats", "verified"] as const).flatMap((search) =>
        [false, true].map((pruned) => ({
          name: `${
            pruned ? "Gram rows left unread" : "every Gram row read"
          }, ${search}`,
          coder,
          stages: [coder],
          options: { tuning: { search, pruned } },
        }))
      )
      : []),
    ...[4, 8, 16].map((pursuitElements) => ({
      name: `Gram in halves, verified, ${pursuitElements} elements a thread`,
      coder,
      stages: [coder],
      options: {
        tuning: {
          search: "verified" as const,
          pursuitElements,
          pursuitThreads: [32, 1024] as const,
        },
      },
    })),
  ]),
  {
    name: "whole rows",
    stages: ["residual"],
    options: { tuning: { residualSlice: 0 } },
  },
  ...[4, 8, 16].map((residualSlice) => ({
    name: `slices of ${residualSlice} elements`,
    stages: ["residual"],
    options: { tuning: { residualSlice } },
  })),
  {
    name: "by lists",
    stages: ["update"],
    options: { tuning: { denseUses: Infinity } },
  },
  {
    name: "by tiles",
    stages: ["update"],
    options: { tuning: { denseUses: 0 } },
  },
  ...[2, 1024, 2048, 4096].map((workers) => ({
    name: `${workers} workgroups share the lists`,
    stages: ["update"],
    options: { tuning: { workers } },
  })),
  { name: "as tuned", stages: ["update"], options: {} },
];

const [n = 64, m = 256, k = 8, rows = 2048] = Deno.args.map(Number);
const size = { n, m, k, rows };
const data = plantedRows(size);
const problem = { data, rows, dictionary: firstAtoms(data, size) };
for (const { name, stages, options, coder = "omp", instead } of RUNGS) {
  const session = await openSession(specOf(size, coder, "f32"), problem, {
    ...options,
    atomBatch: Math.max(1, Math.floor(m / 32)),
    ridge: 0,
  });
  const other = await instead?.(session);
  const checks = await checkStages(session, other && { [stages[0]]: other });
  for (const { stage, run: own } of sessionStages(session)) {
    const run = stages.includes(stage) ? other ?? own : own;
    if (!stages.includes(stage)) {
      run();
      continue;
    }
    const ms = await timeRuns(session, run, 5);
    const { maxRelativeError = NaN, supportAgreement = 1 } = checks[stage] ??
      {};
    const right = maxRelativeError <= ERROR_TOLERANCE &&
      supportAgreement >= SUPPORT_AGREEMENT;
    if (!right) Deno.exitCode = 1;
    console.log(
      stage.padEnd(10),
      name.padEnd(48),
      `${ms.toFixed(2)} ms`.padStart(12),
      right ? "" : `WRONG: ${maxRelativeError}, ${supportAgreement}`,
    );
  }
  closeSession(session);
}
