import { MOST_REFINEMENTS } from "../thresholds.ts";
import type { OptionEntries } from "./entry.ts";
import {
  counts,
  groupSizesOr,
  number,
  oneOf,
  onOrOff,
  wholeNumber,
} from "./kinds.ts";

/** Options of the dictionary and of its codes. */
export const CODES_OPTIONS = {
  atoms: {
    group: "Dictionary",
    kind: wholeNumber(1),
    value: "count",
    default: 512,
    help: "atoms of the dictionary (m)",
  },
  sparsity: {
    group: "Dictionary",
    kind: wholeNumber(1),
    value: "count",
    default: 8,
    help: "nonzeros a row (k)",
    about: "nonzeros a row (k): at most the atoms and the width",
  },
  coder: {
    group: "Codes",
    kind: oneOf("omp", "mp"),
    value: "name",
    default: "omp",
    help: "orthogonal or plain matching pursuit",
  },
  nonnegative: {
    group: "Codes",
    kind: onOrOff(),
    default: false,
    help: "only positive coefficients",
  },
  refit: {
    group: "Codes",
    kind: onOrOff(),
    default: false,
    help: "refit mp's coefficients by least squares",
  },
  refine: {
    group: "Codes",
    kind: wholeNumber(0, MOST_REFINEMENTS),
    value: "passes",
    default: 0,
    help: "swap passes after omp (slower)",
    about:
      "swap passes after omp: each exchanges an atom of a row's support wherever that lowers the row's error",
  },
  tolerance: {
    group: "Codes",
    kind: number(0, 1),
    value: "share",
    default: 0,
    help: "end a row's pursuit at this residual",
    about: "end a row's pursuit at ‖r‖ ≤ tolerance·‖y − mean‖",
  },
  matryoshka: {
    group: "Codes",
    kind: groupSizesOr("auto", "probing"),
    value: "sizes",
    otherwise: "one group",
    help: "nested groups: auto, probing, or as 32,rest or 256,256,512",
    about:
      "sizes of nested groups, the last one also as rest; auto: 256, 256, 512, 1024, …; probing: 32 (m/32 above 1024 atoms), and the rest",
  },
  groupSparsity: {
    group: "Codes",
    kind: counts(),
    value: "counts",
    otherwise: "equal shares",
    help: "nonzeros of each group, as 10,6",
    about: "nonzeros of each group, as 10,6: the sparsity in all",
  },
  coding: {
    group: "Codes of the finished dictionary",
    kind: oneOf("groups", "joint"),
    value: "how",
    otherwise: "groups",
    help: "nested groups: one after another, or all at once",
  },
  selectionRidge: {
    group: "Codes of the finished dictionary",
    kind: number(0),
    value: "lambda",
    otherwise: "0",
    help: "ridge of the choice of atoms",
    about: "ridge of the choice of atoms; 0 is OMP",
  },
  groupWeight: {
    group: "Codes of the finished dictionary",
    kind: number(1),
    value: "factor",
    otherwise: "1",
    help: "of earlier groups in the choice",
    about:
      "how many times as much an earlier group counts in the choice; without groups, much-used atoms",
  },
  candidates: {
    group: "Codes of the finished dictionary",
    kind: oneOf("signed", "positive"),
    value: "which",
    otherwise: "as trained",
    help: "atoms by the sign of their correlation; codes are signed",
  },
  maxSparsity: {
    group: "Codes of the finished dictionary",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "k for every row",
    help: "of a row at most; rows share k on average",
    about:
      "nonzeros of a row at most: rows then share k of them on average, by a threshold that is calibrated on held-out rows",
  },
} satisfies Partial<OptionEntries>;
