import { createCpuEngine } from "../../engine/cpu.ts";
import type { Codes, Engine, EngineSpec } from "../../engine/engine.ts";
import { createReferenceEngine } from "../../engine/reference.ts";
import { atomOrder } from "../../learn/plan.ts";
import type { Checks } from "../check.ts";
import type { BenchOptions } from "../types.ts";

/** Rows on which the CPU engine's codes are held to the reference engine's. */
const CHECKED_ROWS = 128;

interface Problem {
  data: Float32Array<ArrayBuffer>;
  rows: number;
  dictionary: Float32Array;
}

/**
 * Milliseconds of the CPU engine's stages and iterations, averaged, and how its codes agree with the reference
 * engine's.
 */
export async function timeCpu(
  spec: EngineSpec,
  { data, rows, dictionary }: Problem,
  options: BenchOptions,
  atomBatch: number,
): Promise<{ times: Record<string, number>; checks: Checks; name: string }> {
  const { threads, blas, ridge, runs } = options;
  const engine = await createCpuEngine(spec, { threads, blas });
  try {
    await engine.loadDictionary(dictionary);
    const checks = await check(engine, spec, { data, rows, dictionary });
    for (let i = 0; i < runs; i++) {
      await engine.iterate({ data, rows }, {
        order: atomOrder(spec.groups, 0, i, false),
        atomBatch,
        ridge,
        replace: new Uint32Array(0),
      });
    }
    const times: Record<string, number> = {};
    for (const { milliseconds, stages } of await engine.reports()) {
      for (
        const [stage, spent] of Object.entries({
          ...stages,
          step: milliseconds,
        })
      ) times[stage] = (times[stage] ?? 0) + spent / runs;
    }
    return { times, checks, name: engine.info.name };
  } finally {
    await engine.close();
  }
}

async function check(
  engine: Engine,
  spec: EngineSpec,
  problem: Problem,
): Promise<Checks> {
  const rows = Math.min(CHECKED_ROWS, problem.rows);
  const part = () => ({ data: problem.data.slice(0, rows * spec.width), rows });
  const reference = await createReferenceEngine({ ...spec, sampleBatch: rows });
  await reference.loadDictionary(problem.dictionary);
  const ours = await engine.encode(part());
  const expected = await reference.encode(part());
  await reference.close();
  let same = 0, off = 0;
  for (let i = 0; i < rows; i++) {
    if (supportOf(ours, i) !== supportOf(expected, i)) continue;
    same++;
    off = Math.max(off, Math.abs(ours.residual[i] - expected.residual[i]));
  }
  return {
    [spec.coder.method]: {
      maxRelativeError: off,
      supportAgreement: same / rows,
    },
  };
}

function supportOf({ indices, sparsity: k }: Codes, row: number): string {
  return indices.slice(row * k, (row + 1) * k).sort().join();
}
