import assert from "node:assert/strict";
import { ratiosOf } from "../../src/bench/cpu/table.ts";
import { runBench } from "../../src/bench/run.ts";
import { benchTable } from "../../src/bench/table.ts";
import { assertDocument } from "../cli/documents.ts";

const OPTIONS = {
  sizes: [{ n: 20, m: 64, k: 3, rows: 300 }],
  coders: ["mp", "omp"],
  device: "cpu",
  gram: "f32",
  runs: 1,
  ridge: 0,
} as const;

Deno.test("runBench() holds the CPU engine's codes to the reference engine's", async () => {
  const report = await runBench({ ...OPTIONS, peer: false });
  assert(report.ok, report.problems.join());
  for (const coder of ["mp", "omp"] as const) {
    const row = report.stages.find(({ stage }) => stage === coder)!;
    assert.equal(row.supportAgreement, 1);
    assert(row.maxRelativeError! < 1e-5);
  }
  assert.match(benchTable(report), /^step +omp +20 +64 +3 +300/m);
});

Deno.test("runBench() compares the CPU engine with NumPy, or says why it does not", async () => {
  const report = await runBench({ ...OPTIONS, peer: true, threads: 2 });
  assert(report.ok, report.problems.join());
  assertDocument("bench", report);
  const { rows, core } = report.comparisons!;
  assert(core.productGflops > 0 && core.peakGflops > 0);
  assert.deepEqual(
    rows.map(({ coder, mpSteps }) => [coder, mpSteps]),
    [["mp", 1], ["mp", 4], ["omp", 1]],
  );
  const omp = rows[2];
  assert(omp.reference!.milliseconds > 0 && omp.reference!.rows === 300);
  const compared = rows.filter(({ peer }) => peer !== undefined);
  if (compared.length === 0) assert.match(report.notes[0], /NumPy was not run/);
  else {
    assert.equal(compared.length, 2);
    assert(Math.abs(omp.left - omp.peer!.left) < 1e-3);
  }
  assert.match(benchTable(report), /reference/);
});

Deno.test("ratiosOf() takes the faster of NumPy's threads by the clock, and CPU time where one thread stands beside one", () => {
  const time = (milliseconds: number, cpuMilliseconds: number) => ({
    milliseconds,
    cpuMilliseconds,
  });
  const row = {
    ...{ n: 1, m: 1, k: 1, rows: 1, atomBatch: 1, mpSteps: 1, threads: 2 },
    coder: "omp" as const,
    one: time(20, 10),
    all: time(8, 16),
    left: 0,
    blas: { ...time(4, 8), name: "a BLAS" },
    reference: { rows: 1, milliseconds: 100, oursMilliseconds: 10 },
    peer: {
      ...{ library: "", numpy: "", left: 0 },
      one: time(40, 30),
      all: time(32, 60),
    },
  };
  assert.deepEqual(ratiosOf(row), {
    all: 4,
    one: 3,
    blas: 8,
    reference: 10,
    threads: 2.5,
  });
});
