import type { LatentClass, ProbeResult } from "../metrics/probe_result.ts";
import type { PrefixMetrics } from "../metrics/accumulator.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { DictionaryModel, ModelConfig } from "../model/model.ts";
import type { TrainingCourse } from "./course.ts";

/**
 * Counts over equal bins between two limits: bin b of B holds low + (high − low)·b/B ≤ value < low + (high −
 * low)·(b+1)/B.
 */
export interface Histogram {
  low: number;
  high: number;
  counts: Uint32Array;
}

/** One version of an incrementally trained dictionary. */
export interface VersionEntry {
  version: string;
  /** When it was made, ISO 8601. */
  when: string;
  /** FVU on the pipeline's held-out rows. */
  fvu: number;
  /** 1 − mean matched cosine to the version before (0: unchanged). */
  drift?: number | undefined;
  /** New rows it was trained on. */
  rows?: number;
  /** False where the version was refused and an older one kept. */
  accepted?: boolean;
}

/** What was measured of a dictionary on rows it was not trained on. */
export interface EvaluationData {
  /** What the rows are: `held-out rows`, or the name of a file. */
  rowsName: string;
  rows: number;
  /** The metrics by name, as `evaluate --json` gives them; whatever is not a number is passed over. */
  metrics: object;
  /** Rows that use each atom. */
  usage?: ArrayLike<number> | undefined;
  /** Code values, all atoms together, in raw units. */
  values?: Histogram | undefined;
  /** Rows by their number of nonzeros: entry l counts the rows with l. */
  nonzeros?: Uint32Array | undefined;
  /** A nested dictionary cut after 1, 2, … groups. */
  prefixes?: readonly PrefixMetrics[] | undefined;
}

/** What a probe found of one model (see `ProbeResult`). */
export interface ProbeData
  extends Pick<ProbeResult, "rows" | "scores" | "best" | "atoms"> {
  /** The model's name in it. */
  model: string;
  /** What the rows are, in words. */
  rowsName: string;
}

/** What a report is made of. */
export interface ReportData {
  /** The model's name, usually its directory's. */
  name: string;
  model: DictionaryModel;
  config: ModelConfig;
  /** How the training went. */
  course: TrainingCourse;
  evaluation?: EvaluationData | undefined;
  /** max_{j≠i} |⟨d_i, d_j⟩| of every atom. */
  coherence?: Float32Array | undefined;
  /** What its latents tell of classes. */
  probe?: ProbeData | undefined;
  /** The versions of a pipeline, oldest first. */
  history?: readonly VersionEntry[] | undefined;
}

/** Nearest atoms by |cosine|: `count` for every atom, nearest first; unused places hold `EMPTY_SLOT` and 0. */
export interface NearestAtoms {
  /** Neighbours of each atom. */
  count: number;
  /** atoms × count. */
  indices: Uint32Array;
  /** atoms × count, signed. */
  cosines: Float32Array;
}

/** A histogram of the nonzero code values of every atom: `bins` equal bins over [−limit, limit]. */
export interface ActivationHistograms {
  /** Even. */
  bins: number;
  /** One for every atom; 0 for an atom never used. */
  limits: Float32Array;
  /** atoms × bins. */
  counts: Uint32Array;
}

/** What is known of every atom, by column. */
export interface AtomTable {
  /** Rows that use it, of those inspected. */
  uses: Uint32Array;
  /** Mean |code value| over its uses, in raw units; 0 without uses. */
  meanActivation: Float32Array;
  /** Largest |code value|, in raw units. */
  maxActivation: Float32Array;
  /** max_{j≠i} |⟨d_i, d_j⟩|. */
  coherence: Float32Array;
  /** The atoms most like each. */
  nearest: NearestAtoms;
  /** The same by latent: atoms × sides. */
  latents: { uses: Uint32Array; maxActivation: Float32Array };
  /** How activations are spread, atom by atom. */
  histograms?: ActivationHistograms;
  /** Names given to atoms, by index. */
  labels: Readonly<Record<string, string>>;
  /** The classes that atoms tell best, by index, where they were probed: one a sign. */
  classes?: Readonly<Record<string, readonly LatentClass[]>>;
  /** Places on the map, atoms × 2, in [−1, 1]; left out, they follow from the nearest atoms. */
  positions?: Float32Array;
}

/** The rows that some atom uses most: each once, by column. */
export interface SampleTable {
  /** Row number of each in the input. */
  rows: Float64Array;
  /** The text of each row; empty where the input has none. */
  texts: readonly string[];
  /** For rows nested in a text (tokens): what stands before and after each. */
  before?: readonly string[];
  /** What stands after each row's text, where rows are tokens. */
  after?: readonly string[];
  /** The tokens of each row's shown context, where rows are tokens. */
  tokens?: readonly (readonly string[])[];
  /** Which of its tokens is the row's own. */
  at?: Uint8Array;
  /** ‖r‖²/‖y − mean‖² of each. */
  residual: Float32Array;
  /** Most nonzeros a row: the width of the two arrays below. */
  sparsity: number;
  /** rows × sparsity atoms; unused slots hold `EMPTY_SLOT`. */
  indices: Uint32Array;
  /** rows × sparsity coefficients in raw units. */
  values: Float32Array;
}

/**
 * Rows of every latent: an atom's codes of one sign. Latents of an atom stand together, the positive one first; unused
 * places hold `EMPTY_SLOT` and 0.
 */
export interface LatentRows {
  /** Rows kept for each latent, at most. */
  perLatent: number;
  /** latents × perLatent places in the sample table. */
  samples: Uint32Array;
  /** latents × perLatent code values in raw units. */
  values: Float32Array;
  /**
   * Where rows are tokens: latents × perLatent × 17 activations of the tokens around, as 63rds of the row's own
   * (positive where they have its sign).
   */
  contexts?: Int8Array;
}

/** The atoms that rows use together with each: `count` for every atom; unused places hold `EMPTY_SLOT` and 0. */
export interface FiringTogether {
  /** Others named for each atom, at most. */
  count: number;
  /** Rows that it was counted on: all, or a sample. */
  rows: number;
  /** atoms × count. */
  indices: Uint32Array;
  /** atoms × count: the share of the atom's rows that use the other as well. */
  shares: Float32Array;
}

/** Tokens at one end of every atom's logits: atoms × count; unused places hold `EMPTY_SLOT` and 0. */
export interface TokenLogits {
  /** atoms × count places in the list of tokens. */
  tokens: Uint32Array;
  /** atoms × count logits that a code value of 1, in raw units, adds to each. */
  logits: Float32Array;
}

/**
 * The tokens that every atom promotes and suppresses: the atom, in raw units, times a language model's unembedding. For
 * a negative code value the ends change places and the logits their sign.
 */
export interface AtomLogits {
  /** Tokens kept at each end of an atom, at most. */
  count: number;
  /** The largest logits, largest first. */
  promoted: TokenLogits;
  /** The smallest, smallest first. */
  suppressed: TokenLogits;
  /** The ids of all tokens that stand at some end. */
  ids: Uint32Array;
  /** Their texts. */
  texts: readonly string[];
  /** What the atoms were multiplied by. */
  unembedding: {
    /** As it was named. */
    path: string;
    /** The tensor's name. */
    tensor: string;
    /** The final norm's weights that are folded in, if they are: their tensor's name, or `1 +` it. */
    norm?: string;
    /** Tokens that were looked at. */
    vocabulary: number;
  };
}

/** Small pictures of the kept rows, by their place in the sample table. */
export interface PictureTable {
  /** The column that they come from. */
  column: string;
  /** Their longest side, in pixels. */
  size: number;
  /** rows + 1: the picture of place p is bytes offsets[p] … offsets[p + 1], none where these are equal. */
  offsets: Uint32Array;
  /** JPEG and PNG files, one after the other. */
  bytes: Uint8Array;
  /** Rows whose picture could not be shown, by reason. */
  broken: Partial<Record<string, number>>;
  /** The number of the first of them. */
  firstBroken?: number;
  /** Rows of which no picture was made: they were beyond the limit. */
  left: number;
  /** The local files that were looked at, by path; of those from the web nothing tells cheaply that they changed. */
  files?: PictureFile[];
}

/** A picture's file as it was when it was looked at. */
export interface PictureFile {
  /** Where it lies. */
  path: string;
  /** Absent where there was none. */
  bytes?: number;
  /** When it was last written, in milliseconds since 1970, where the file system tells. */
  modifiedMs?: number;
}

/** What the atom browser shows. */
export interface BrowserData {
  /** The model's name, usually its directory's. */
  name: string;
  /** Dimensions of a row. */
  width: number;
  /** How many atoms. */
  atoms: number;
  /** Sizes of nested groups; one where not nested. */
  groups: readonly number[];
  /** What rows use atoms by: their codes, or their largest activations. */
  by: AtomReading;
  /** How that was found, in words. */
  coder: string;
  /** Version of the tool that trained it. */
  toolVersion: string;
  /** Rows coded to find the figures; 0 where only the dictionary was looked at. */
  rows: number;
  /** Where the rows came from, and their text: shown as given. */
  source?:
    | { inputs: readonly string[]; textColumn?: string | undefined }
    | undefined;
  /** The atoms, by column. */
  table: AtomTable;
  /** The rows kept, by column. */
  samples: SampleTable;
  /** Latents of an atom: 2 where codes have signs, which mean different things; else 1. */
  sides: 1 | 2;
  /** Which rows use each latent most, strongest first. */
  top: LatentRows;
  /** Rows drawn evenly from all that use each latent, strongest first. */
  spread: LatentRows;
  /** Atoms that fire together, where rows were coded. */
  together?: FiringTogether | undefined;
  /** Tokens that atoms promote and suppress, where an unembedding was given. */
  logits?: AtomLogits | undefined;
  /** Pictures of the kept rows, where a column of them was named. */
  pictures?: PictureTable | undefined;
}
