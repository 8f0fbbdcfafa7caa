import type { DeviceLimits } from "../../gpu/device.ts";
import { matrixShape } from "../../gpu/matrix.ts";
import type { EngineSpec } from "../engine.ts";
import { groupSparsities } from "../group_sparsities.ts";
import type { PlannedGroup } from "./layout.ts";
import { factorFits, pursuitLayout } from "./stages/pursue.ts";
import { SWAP_ROWS, swapFits } from "./stages/refine.ts";
import { tileLayout } from "./stages/tiles.ts";
import type { Tuning } from "./tuning.ts";

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
    const group = {
      start,
      atoms,
      sparsity,
      slot,
      layout,
      gram: matrixShape(atoms, layout.stride, "vec4<f32>", limits.binding),
      halves: matrixShape(atoms, layout.stride, "vec2<u32>", limits.binding),
      tiles: tileLayout(spec, { atoms, sparsity }, limits, tuning),
      scratchRows: refine > 0 ? SWAP_ROWS : layout.elements === 0 ? 1 : 0,
      scratchFactors: !fits,
    };
    start += atoms;
    slot += sparsity;
    return group;
  });
}

/**
 * A group that keeps no Gram: where its rows are coded by products, its supports' triangles, one a workgroup, are all
 * there is of one.
 */
export function withoutGram(
  group: PlannedGroup,
  form: "product" | "correlations",
): PlannedGroup {
  return { ...group, scratchRows: 0, scratchFactors: form === "product" };
}
