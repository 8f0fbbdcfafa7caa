import agreed from "../../../kernels/lib/agreed.wgsl" with { type: "text" };
import bar from "../../../kernels/lib/bar.wgsl" with { type: "text" };
import best from "../../../kernels/lib/best.wgsl" with { type: "text" };
import builtins from "../../../kernels/lib/builtins.wgsl" with {
  type: "text",
};
import candidates from "../../../kernels/lib/candidates.wgsl" with {
  type: "text",
};
import closing from "../../../kernels/lib/closing.wgsl" with {
  type: "text",
};
import correlations from "../../../kernels/lib/correlations.wgsl" with {
  type: "text",
};
import elements from "../../../kernels/lib/elements.wgsl" with {
  type: "text",
};
import enter from "../../../kernels/lib/enter.wgsl" with { type: "text" };
import entry from "../../../kernels/lib/entry.wgsl" with { type: "text" };
import found from "../../../kernels/lib/found.wgsl" with { type: "text" };
import choose from "../../../kernels/lib/choose.wgsl" with { type: "text" };
import rowMaximum from "../../../kernels/lib/row_maximum.wgsl" with {
  type: "text",
};
import lists from "../../../kernels/lib/lists.wgsl" with { type: "text" };
import maximum from "../../../kernels/lib/maximum.wgsl" with {
  type: "text",
};
import near from "../../../kernels/lib/near.wgsl" with { type: "text" };
import opening from "../../../kernels/lib/opening.wgsl" with {
  type: "text",
};
import pieces from "../../../kernels/lib/pieces.wgsl" with { type: "text" };
import pursuit from "../../../kernels/lib/pursuit.wgsl" with {
  type: "text",
};
import search from "../../../kernels/lib/search.wgsl" with { type: "text" };
import settle from "../../../kernels/lib/settle.wgsl" with { type: "text" };
import sizes from "../../../kernels/lib/sizes.wgsl" with { type: "text" };
import subtract from "../../../kernels/lib/subtract.wgsl" with {
  type: "text",
};
import subtractDue from "../../../kernels/lib/subtract_due.wgsl" with {
  type: "text",
};
import subtractSupport from "../../../kernels/lib/subtract_support.wgsl" with {
  type: "text",
};
import sum from "../../../kernels/lib/sum.wgsl" with { type: "text" };
import sumPair from "../../../kernels/lib/sum_pair.wgsl" with {
  type: "text",
};
import triangle from "../../../kernels/lib/triangle.wgsl" with {
  type: "text",
};
import update from "../../../kernels/lib/update.wgsl" with { type: "text" };
import verify from "../../../kernels/lib/verify.wgsl" with { type: "text" };
import wave from "../../../kernels/lib/wave.wgsl" with { type: "text" };

/** Texts that kernels share, by the name they are included under. */
export const kernelIncludes: Readonly<Record<string, string>> = {
  agreed,
  bar,
  best,
  builtins,
  candidates,
  choose,
  closing,
  correlations,
  elements,
  enter,
  entry,
  found,
  lists,
  maximum,
  row_maximum: rowMaximum,
  near,
  opening,
  pieces,
  pursuit,
  search,
  settle,
  sizes,
  subtract,
  subtract_due: subtractDue,
  subtract_support: subtractSupport,
  sum,
  sum_pair: sumPair,
  triangle,
  update,
  verify,
  wave,
};
