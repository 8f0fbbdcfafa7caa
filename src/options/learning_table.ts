import type { OptionEntries } from "./entry.ts";
import { number, onOrOff, shareOrCount, text, wholeNumber } from "./kinds.ts";

/** Options of learning. */
export const LEARNING_OPTIONS = {
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
} satisfies Partial<OptionEntries>;
