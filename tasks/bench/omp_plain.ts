import text from "./omp_plain.wgsl" with { type: "text" };
import type { StageSession } from "../../src/bench/session.ts";
import { codingRuns } from "../../src/engine/gpu/stages/runs.ts";
import {
  DEPENDENT_PIVOT,
  NEGLIGIBLE_CORRELATION,
} from "../../src/thresholds.ts";

/** Threads of a workgroup, a row each. */
const THREADS = 32;

/**
 * The OMP stage of a session by the plain kernel: the explanation of the real one, and the ladder's first rung of it.
 */
export async function plainOmp(session: StageSession): Promise<() => void> {
  const { context } = session, { buffers, runner, plan, spec } = context;
  const [group] = plan.groups, { stride } = group.layout;
  const kernel = await runner.compile({
    name: "ompPlain",
    text,
    values: {
      WG: THREADS,
      K: spec.coder.sparsity,
      M4: stride,
      BARWORDS: Math.ceil(stride / 8),
      FLOOR: NEGLIGIBLE_CORRELATION,
      PIVOT: DEPENDENT_PIVOT,
    },
    matrices: { G: group.gram },
  });
  const work = buffers.memory.buffer(16 * stride * plan.chunkRows);
  const runs = codingRuns(context, session.rows);
  return () => {
    runner.stage("omp");
    for (const { row, rows } of runs) {
      runner.run(
        kernel,
        {
          A: buffers.correlations,
          work,
          G: buffers.grams[0],
          energies: buffers.energies,
          indices: buffers.indices,
          values: buffers.values,
        },
        { rows, row, atoms: group.atoms },
        [Math.ceil(rows / THREADS), 1],
      );
    }
  };
}
