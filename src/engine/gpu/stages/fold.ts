import text from "../../../../kernels/fold.wgsl" with { type: "text" };
import type { Kernel } from "../../../gpu/compile.ts";
import type { KernelSource } from "../../../gpu/kernel.ts";
import type { GpuContext } from "../context.ts";
import { rowKernel, type StageSetup } from "./common.ts";
import type { AtomBatch } from "./update.ts";

/** The kernel that adds up each atom's sums to one, for processes that share an iteration. */
export function foldKernel({ context, spec, plan }: StageSetup): KernelSource {
  return rowKernel(
    context,
    { name: "fold", text },
    spec.width,
    { sums: plan.sums, N: plan.dictionary },
    { LISTKEYS: spec.atoms },
  );
}

/** Adds up what `sumBatch` left of each atom: its sum lies in its row of the dictionary being made then. */
export function foldBatch(
  { buffers, runner }: GpuContext,
  fold: Kernel,
  { begin, end }: AtomBatch,
  chunks: number,
): void {
  runner.run(
    fold,
    {
      sums: buffers.sums,
      alongs: buffers.alongs,
      lists: buffers.atomLists,
      N: buffers.next,
      updates: buffers.updates,
      totals: buffers.totals,
    },
    { begin, end, chunks },
    end - begin,
  );
}
