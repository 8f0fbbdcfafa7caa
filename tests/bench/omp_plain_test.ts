import assert from "node:assert/strict";
import { checkStages } from "../../src/bench/check.ts";
import { firstAtoms, plantedRows } from "../../src/bench/planted.ts";
import { closeSession, openSession } from "../../src/bench/session.ts";
import { specOf } from "../../src/bench/spec.ts";
import { plainOmp } from "../../tasks/bench/omp_plain.ts";

Deno.test("the plain OMP kernel, which explains the real one, codes as the CPU engine does", async () => {
  const size = { n: 24, m: 60, k: 5, rows: 150 };
  const data = plantedRows(size);
  const session = await openSession(
    specOf(size, "omp", "f32"),
    { data, rows: size.rows, dictionary: firstAtoms(data, size) },
    { atomBatch: 10, ridge: 0 },
  );
  try {
    const { omp } = await checkStages(session, {
      omp: await plainOmp(session),
    });
    assert.equal(omp?.supportAgreement, 1);
    assert(omp.maxRelativeError < 1e-4, `${omp.maxRelativeError}`);
  } finally {
    closeSession(session);
  }
});
