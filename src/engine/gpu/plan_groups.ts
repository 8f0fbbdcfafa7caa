import { type EngineSpec, groupSparsities } from "../engine.ts";
import type { DeviceLimits } from "../../gpu/device.ts";
import { type MatrixShape, matrixShape } from "../../gpu/matrix.ts";
import {
  factorFits,
  type PursuitLayout,
  pursuitLayout,
} from "./stages/pursue.ts";
import { SWAP_ROWS, swapFits } from "./stages/refine.ts";
import { type TileLayout, tileLayout } from "./stages/tiles.ts";
import type { Tuning } from "./tuning.ts";

/** One Matryoshka group (or the only one) as the device works on it. */
export interface PlannedGroup {
  /** First atom. */
  start: number;
  atoms: number;
  sparsity: number;
  /** First code slot of a row. */
  slot: number;
  layout: PursuitLayout;
  /** Its Gram, atoms × stride. */
  gram: MatrixShape;
  /** The same in halves, where those are searched. */
  halves: MatrixShape;
  /** How its dense atom batches are summed, where it can have such. */
  tiles?: TileLayout;
  /** Rows of correlations that workgroups keep behind those of the chunk; bytes of scratch memory for triangular factors. */
  scratch: { rows: number; factors: number };
}

/** Lays a spec's groups out, to be coded from their Grams. */
export function layOutGroups(
  spec: EngineSpec,
  limits: DeviceLimits,
  tuning: Tuning,
): PlannedGroup[] {
  const shares = groupSparsities(
    spec.groups,
    spec.coder.sparsity,
    spec.coder.groupSparsity,
  );
  let start = 0, slot = 0;
  return spec.groups.map((atoms, g) => {
    const sparsity = shares[g];
    const layout = pursuitLayout(tuning, atoms);
    const { refine = 0 } = spec.coder, { stride } = layout;
    const fits = factorFits(limits, layout, sparsity) &&
      (refine === 0 || swapFits(tuning, limits, { stride, sparsity }));
    const factors = fits
      ? 0
      : tuning.scratchWorkers * 2 * sparsity * (sparsity + 1);
    const each = refine > 0 ? SWAP_ROWS : layout.elements === 0 ? 1 : 0;
    const group = {
      start,
      atoms,
      sparsity,
      slot,
      layout,
      gram: matrixShape(atoms, layout.stride, "vec4<f32>", limits.binding),
      halves: matrixShape(atoms, layout.stride, "vec2<u32>", limits.binding),
      tiles: tileLayout(spec, { atoms, sparsity }, limits, tuning),
      scratch: { rows: each * tuning.scratchWorkers, factors },
    };
    start += atoms;
    slot += sparsity;
    return group;
  });
}

/** A group whose rows are coded by products: its supports' Grams, a triangle a workgroup, are all it keeps of one. */
export function withoutGram(
  workers: number,
  group: PlannedGroup,
): PlannedGroup {
  const { sparsity } = group;
  const factors = workers * 2 * sparsity * (sparsity + 1);
  return { ...group, scratch: { rows: 0, factors } };
}
