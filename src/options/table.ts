import { MOST_REFINEMENTS } from "../thresholds.ts";
import {
  counts,
  groupSizesOr,
  type Kind,
  number,
  oneOf,
  onOrOff,
  shareOrCount,
  text,
  wholeNumber,
} from "./kinds.ts";
import type { TrainOptions } from "./types.ts";

/** Headings of the help, in order. */
export const OPTION_GROUPS = [
  "Dictionary",
  "Codes",
  "Codes of the finished dictionary",
  "Learning",
  "Many processes",
  "Device",
] as const;

/** One option of a training. */
export interface OptionEntry<T = unknown> {
  /** Where the help and the parameters page list it. */
  group: typeof OPTION_GROUPS[number];
  /** What values it takes. */
  kind: Kind;
  /** What its value is called in the help; a switch has none. */
  value?: string;
  /** What it is where nothing is said. */
  default?: Exclude<T, undefined>;
  /** What happens where nothing is said and there is no default value, in a few words. */
  otherwise?: string;
  /** One line for the help. */
  help: string;
  /** More for the parameters page and the pipeline's schema. */
  about?: string;
  /** False where a pipeline decides by itself. */
  pipeline?: false;
}

/**
 * Every option of a training, once. Validation, `--help`, DBKSVD_* variables and `--config`, the pipeline's schema
 * and the table in docs/parameters.md follow from it.
 *
 * To add an option: give it a field with a comment in `types.ts` and an entry here (the types ask for it), say in
 * `validate.ts` what it may not go together with, then run `deno task write-options` and `deno task write-help`. The
 * flag is the key with dashes; a switch that is on by default becomes `--no-…`.
 */
export const TRAINING_OPTIONS: Readonly<
  { [K in keyof TrainOptions]-?: OptionEntry<TrainOptions[K]> }
> = {
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
  passes: {
    group: "Learning",
    kind: wholeNumber(1),
    value: "count",
    default: 10,
    help: "passes over the training rows",
  },
  sampleBatch: {
    group: "Learning",
    kind: wholeNumber(1),
    value: "rows",
    otherwise: "by data",
    help: "rows of an iteration",
    about:
      "rows of an iteration at most; left out, a sixteenth of them, but no fewer than 1024 or 2m and no more than 65 536",
  },
  atomBatch: {
    group: "Learning",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "atoms/32",
    help: "atoms updated at once",
    about: "atoms updated from one residual",
  },
  ridge: {
    group: "Learning",
    kind: number(0),
    value: "lambda",
    default: 1,
    help: "ridge of the training codes",
    about:
      "ridge of the training codes, with a soft threshold in proportion; both fall over the training. Encoding never shrinks",
  },
  memory: {
    group: "Learning",
    kind: number(0),
    value: "uses",
    default: 40,
    help: "uses that an atom remembers over sample batches",
    about:
      "uses that an atom remembers at first, over sample batches; 0: each batch makes its atoms anew, as in the paper",
  },
  startSparsity: {
    group: "Learning",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "k/2",
    help: "nonzeros a row at first",
    about: "nonzeros a row at first, growing to k over four fifths of the run",
  },
  decoderSteps: {
    group: "Learning",
    kind: wholeNumber(0),
    value: "count",
    otherwise: "0",
    help: "then train the atoms as a decoder",
    about:
      "steps of 1024 rows that train the atoms on, after the passes, as the decoder of a sparse autoencoder",
  },
  normCap: {
    group: "Learning",
    kind: number(0),
    value: "times",
    default: 5,
    help: "pull in rows so much longer than the median",
    about:
      "training rows further from the mean than so many times the median row are pulled in, the further the more; 0: none",
  },
  patience: {
    group: "Learning",
    kind: wholeNumber(0),
    value: "passes",
    default: 0,
    help: "stop after passes that bring nothing; 0: off",
    about:
      "stop after so many passes without a better FVU on a tenth of the rows, which is watched instead of trained on; 0: off",
  },
  powerSteps: {
    group: "Learning",
    kind: wholeNumber(1),
    value: "count",
    default: 1,
    help: "power steps an atom and iteration",
  },
  exact: {
    group: "Learning",
    kind: onOrOff(),
    default: false,
    help: "exact K-SVD, atom by atom: slow, for comparison",
  },
  minUses: {
    group: "Learning",
    kind: wholeNumber(0),
    value: "count",
    default: 2,
    help: "replace atoms used less often in a pass",
  },
  init: {
    group: "Learning",
    kind: text(),
    value: "how",
    default: "rows",
    help: "first atoms: rows, gaussian or a dictionary file",
  },
  center: {
    group: "Learning",
    kind: onOrOff(),
    default: true,
    help: "do not subtract the rows' mean",
    about: "subtract the rows' mean",
  },
  scale: {
    group: "Learning",
    kind: onOrOff(),
    default: true,
    help: "do not scale the rows",
    about: "scale the rows by √n over their root mean square length",
  },
  statsRows: {
    group: "Learning",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "all",
    help: "rows for mean and scale",
    pipeline: false,
  },
  holdout: {
    group: "Learning",
    kind: shareOrCount(),
    value: "share",
    default: 0.1,
    help: "rows kept from training: a share, or a number",
    about:
      "rows kept from training: a share (16 384 rows at most), or a number",
    pipeline: false,
  },
  holdoutBy: {
    group: "Learning",
    kind: text(),
    value: "what",
    otherwise: "outer for nested rows, else row",
    help: "hold out whole groups: row, outer or a column",
    about:
      "what held-out rows are kept together by: `row`, `outer` (what nested rows are in) or a column",
    pipeline: false,
  },
  seed: {
    group: "Learning",
    kind: wholeNumber(0),
    value: "number",
    default: 0,
    help: "seed of all that is random",
  },
  shards: {
    group: "Many processes",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "with --mpi: 64",
    help: "deal rows into ranges, for any number of processes",
    about:
      "deal rows into so many ranges, of each of which every batch takes its share: what several processes train on together",
    pipeline: false,
  },
  sums: {
    group: "Many processes",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "100·k/atoms, at least 1",
    help: "sums an iteration over processes",
    about: "sums over the processes an iteration, each of ⌈m/sums⌉ atoms",
    pipeline: false,
  },
  sumType: {
    group: "Many processes",
    kind: oneOf("f32", "f64"),
    value: "type",
    otherwise: "f32",
    help: "in which sums travel",
    pipeline: false,
  },
  gram: {
    group: "Device",
    kind: oneOf("f32", "f16"),
    value: "precision",
    default: "f32",
    help: "the Gram matrix while atoms are chosen",
  },
  rows: {
    group: "Device",
    kind: oneOf("f32", "f16"),
    value: "precision",
    default: "f32",
    help: "rows that stay on the device",
  },
};

/** The options in order, with their names. */
export function trainingOptions(): [keyof TrainOptions, OptionEntry][] {
  return Object.entries(TRAINING_OPTIONS) as [
    keyof TrainOptions,
    OptionEntry,
  ][];
}

/** The flag of an option, as the command line and errors name it: `--sample-batch`, `--no-center`. */
export function flagOf(key: keyof TrainOptions): string {
  const words = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const off = TRAINING_OPTIONS[key].default === true;
  return off ? `--no-${words}` : `--${words}`;
}
