import boundsText from "../../../../kernels/bounds.wgsl" with { type: "text" };
import mirrorText from "../../../../kernels/mirror.wgsl" with { type: "text" };
import type { KernelSource } from "../../../gpu/kernel.ts";
import { type MatrixShape, partRuns } from "../../../gpu/matrix.ts";
import type { CoderOptions } from "../../engine.ts";
import type { GpuContext } from "../context.ts";
import type { PursuitLayout } from "../layout.ts";
import { flatKernel, type KernelContext, stageKernels } from "./common.ts";
import { multiply, multiplyByAtoms } from "./correlate.ts";
import { isPruned } from "./pursue.ts";

/** The Gram of a group's atoms, with what its search needs beside it. */
export const GRAM = stageKernels({
  shared: ({ plan }) => ({
    mirror: plan.form === "gram" ? mirrorKernel() : undefined,
  }),
  each: ({ context, spec, plan }, group) => ({
    bounds: plan.form === "gram"
      ? boundsKernel(context, group, spec.coder.method)
      : undefined,
  }),
});

/** Atoms along a side of the tiles that {@linkcode mirrorKernel} works on. */
export const MIRROR_SIDE = 32;

/** What completes a Gram of which half was computed. */
export function mirrorKernel(): KernelSource {
  return { name: "mirror", text: mirrorText, values: {} };
}

/** The kernel that copies a Gram in halves and bounds what a search is off by; `undefined` where it needs neither. */
export function boundsKernel(
  context: KernelContext,
  { gram, halves, layout, sparsity }: {
    gram: MatrixShape;
    halves: MatrixShape;
    layout: PursuitLayout;
    sparsity: number;
  },
  method: CoderOptions["method"],
): KernelSource | undefined {
  const HALVES = context.search !== "floats";
  const PRUNED = isPruned(context, method, { layout, sparsity });
  if (!HALVES && !PRUNED) return undefined;
  return flatKernel(
    context,
    { name: "bounds", text: boundsText },
    { M4: layout.stride, HALVES, PRUNED },
    { G: gram, H: halves },
  );
}

/** G = D·Dᵀ over one group's atoms, with what a search needs beside it. */
export function computeGram(context: GpuContext, index: number): void {
  const { buffers, plan, runner } = context;
  const group = plan.groups[index], gram = buffers.grams[index];
  runner.stage("gram");
  if (gram.parts === 1 && buffers.dictionary.parts === 1) {
    computeHalf(context, index);
    boundGram(context, index);
    return;
  }
  for (const target of partRuns(gram, 0, group.atoms)) {
    const rows = partRuns(
      buffers.dictionary,
      group.start + target.from,
      target.rows,
    );
    for (const run of rows) {
      multiplyByAtoms(
        context,
        group,
        {
          buffer: buffers.dictionary.buffers[run.part],
          offset: run.offset,
          rows: run.rows,
        },
        gram.buffers[target.part],
        target.offset + run.from,
      );
    }
  }
  boundGram(context, index);
}

// A Gram in one piece: the tiles on and above the diagonal, then the others from them.
function computeHalf(context: GpuContext, index: number): void {
  const { buffers, plan, runner, kernels } = context;
  const { start, atoms, layout } = plan.groups[index];
  const [dictionary] = buffers.dictionary.buffers;
  const [gram] = buffers.grams[index].buffers;
  const stride = 4 * layout.stride;
  multiply(
    context,
    { buffer: dictionary, offset: start, rows: atoms },
    buffers.dictionary,
    { part: 0, offset: start, rows: atoms },
    { buffer: gram, row: 0, column: 0, width: stride, stride, half: true },
  );
  const tiles = Math.ceil(atoms / MIRROR_SIDE);
  const { mirror } = kernels.shared(GRAM);
  runner.run(mirror!, { G: gram }, { atoms, stride }, [tiles, tiles]);
}

// What the search needs beside the Gram: its copy in halves, and what bounds the errors that are made.
function boundGram(context: GpuContext, index: number): void {
  const { buffers, plan, runner, kernels } = context;
  const { atoms } = plan.groups[index];
  const { bounds } = kernels.group(GRAM, index);
  if (bounds === undefined) return;
  runner.run(
    bounds,
    {
      G: buffers.grams[index],
      H: buffers.halves[index],
      bounds: buffers.bounds,
    },
    { atoms },
    atoms,
  );
}
