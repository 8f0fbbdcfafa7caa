import apply from "../../../kernels/apply.wgsl" with { type: "text" };
import atomExact from "../../../kernels/atom_exact.wgsl" with {
  type: "text",
};
import atomNormalise from "../../../kernels/atom_normalise.wgsl" with {
  type: "text",
};
import atomSum from "../../../kernels/atom_sum.wgsl" with { type: "text" };
import coefficients from "../../../kernels/coefficients.wgsl" with {
  type: "text",
};
import atomTiles from "../../../kernels/atom_tiles.wgsl" with {
  type: "text",
};
import bounds from "../../../kernels/bounds.wgsl" with { type: "text" };
import count from "../../../kernels/count.wgsl" with { type: "text" };
import duplicates from "../../../kernels/duplicates.wgsl" with {
  type: "text",
};
import energy from "../../../kernels/energy.wgsl" with { type: "text" };
import entries from "../../../kernels/entries.wgsl" with { type: "text" };
import hold from "../../../kernels/hold.wgsl" with { type: "text" };
import keep from "../../../kernels/keep.wgsl" with { type: "text" };
import mirror from "../../../kernels/mirror.wgsl" with { type: "text" };
import mp from "../../../kernels/mp.wgsl" with { type: "text" };
import offsets from "../../../kernels/offsets.wgsl" with { type: "text" };
import omp from "../../../kernels/omp.wgsl" with { type: "text" };
import prepare from "../../../kernels/prepare.wgsl" with { type: "text" };
import product from "../../../kernels/product.wgsl" with { type: "text" };
import replace from "../../../kernels/replace.wgsl" with { type: "text" };
import residual from "../../../kernels/residual.wgsl" with { type: "text" };
import residualSlices from "../../../kernels/residual_slices.wgsl" with {
  type: "text",
};
import restore from "../../../kernels/restore.wgsl" with { type: "text" };
import round from "../../../kernels/round.wgsl" with { type: "text" };
import scatter from "../../../kernels/scatter.wgsl" with { type: "text" };
import starts from "../../../kernels/starts.wgsl" with { type: "text" };
import step from "../../../kernels/step.wgsl" with { type: "text" };
import swap from "../../../kernels/swap.wgsl" with { type: "text" };
import total from "../../../kernels/total.wgsl" with { type: "text" };
import worst from "../../../kernels/worst.wgsl" with { type: "text" };

/** The text of every kernel, by its name. */
export const kernelTexts = {
  apply,
  atomExact,
  atomNormalise,
  atomSum,
  atomTiles,
  bounds,
  coefficients,
  count,
  duplicates,
  energy,
  entries,
  hold,
  keep,
  mirror,
  mp,
  offsets,
  omp,
  prepare,
  product,
  replace,
  residual,
  residualSlices,
  restore,
  round,
  scatter,
  starts,
  step,
  swap,
  total,
  worst,
} as const;
