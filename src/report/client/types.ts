// What the page's packed parts hold (see ../browser_parts.ts), and the dictionary that the pages ask.

/** The first part: every atom. */
export interface PackedAtoms {
  name: string;
  /** n: dimensions of a row. */
  width: number;
  /** m: number of atoms. */
  atoms: number;
  groups: number[];
  /** What rows use atoms by, and how that was found, in words. */
  by: "code" | "activation";
  coder: string;
  /** Rows inspected; 0 where only the dictionary was looked at. */
  rows: number;
  labels: Record<string, string>;
  /** In words, by atom, where they were probed. */
  classes?: Record<string, string[]>;
  /** What gave the logits, where there are some. */
  unembedding?: { tensor: string; norm?: string };
  /** Longest side of the rows' pictures, where they have some. */
  pictureSize?: number;
  /** Whether the rows' texts say what they are, not only where their pictures lie. */
  captions: boolean;
  /** Latents of an atom: 2 where codes have signs, positive ones first; else 1. */
  sides: number;
  /** Rows kept for a latent: at its top, and drawn from all that use it. */
  topRows: number;
  spreadRows: number;
  /** Atoms shown that fire together with each. */
  togetherCount: number;
  nearestCount: number;
  histogramBins: number;
  uses: Uint32Array;
  meanActivation: Float32Array;
  maxActivation: Float32Array;
  coherence: Float32Array;
  /** atoms × nearestCount. */
  nearest: Uint32Array;
  cosines: Float32Array;
  /** atoms × sides. */
  latentUses: Uint32Array;
  latentMaxima: Float32Array;
  /** atoms × togetherCount. */
  together?: Uint32Array;
  togetherShares?: Float32Array;
  histogramLimits?: Float32Array;
  /** atoms × histogramBins. */
  histogramCounts?: Uint32Array;
  /** atoms × 2. */
  positions?: Float32Array;
}

/** The second part: the rows that some atom uses most. */
export interface PackedRows {
  texts: string[];
  before?: string[] | undefined;
  after?: string[] | undefined;
  numbers: Float64Array;
  residual: Float32Array;
  /** The tokens of each row's shown context, and which of them is its own. */
  tokens?: string[][] | undefined;
  at?: Uint8Array | undefined;
  /** rows + 1 places in the pictures' bytes. */
  pictureOffsets?: Uint32Array;
  /** latents × topRows places among the rows. */
  topSamples: Uint32Array;
  topValues: Float32Array;
  /** latents × spreadRows. */
  spreadSamples: Uint32Array;
  spreadValues: Float32Array;
  /** For each place 17 activations of the tokens around, as 63rds of the row's own. */
  topContexts?: Int8Array;
  spreadContexts?: Int8Array;
}

/** The third part, unpacked when the first row's page is opened: codes, strongest first. */
export interface PackedCodes {
  slots: number;
  indices: Uint16Array | Uint32Array;
  /** Shares of the row's largest, times 32767. */
  values: Int16Array;
  largest: Float32Array;
  nonzeros: Uint16Array;
  energy: Float32Array;
}

/** The fourth part, where an unembedding was given: unpacked when the first atom's page is opened. */
export interface PackedLogits {
  /** Tokens at each end of an atom. */
  count: number;
  texts: string[];
  /** atoms × count places among the texts, and the logits. */
  promoted: Uint32Array;
  promotedLogits: Float32Array;
  suppressed: Uint32Array;
  suppressedLogits: Float32Array;
}

/** The fifth part, where rows have pictures: unpacked when the first one is to be seen. */
export interface PackedPictures {
  bytes: Uint8Array<ArrayBuffer>;
}

/** The rows' pictures. */
export interface Pictures {
  /** Longest side, in pixels. */
  size: number;
  /** Whether a row, by its place among the kept ones, has one. */
  has(place: number): boolean;
  /** Shows it, now or as soon as it is unpacked. */
  show(image: HTMLImageElement, place: number): void;
}

/** What the pages show of rows themselves. */
type PackedTexts = Pick<
  PackedRows,
  "texts" | "before" | "after" | "tokens" | "at" | "numbers" | "residual"
>;

/** A row that uses an atom, by its place among the kept rows. */
export interface TopRow {
  place: number;
  value: number;
  /** Activations of the tokens around, from 8 before to 8 behind, as shares of the row's own. */
  context?: number[];
  /** How many rows of the same text there are. */
  times: number;
}

/** What one sign of an atom's codes shows. */
export interface Side {
  sign: 1 | -1;
  uses: number;
  maxActivation: number;
  top: TopRow[];
  spread: TopRow[];
}

/** An atom that fires together with another. */
export interface Partner {
  atom: number;
  /** Of the atom's rows, those that use the other as well. */
  share: number;
}

/** An atom near another. */
export interface Neighbour {
  atom: number;
  cosine: number;
}

/** The atoms and their rows, as the pages ask for them. */
export interface Dictionary
  extends Omit<PackedAtoms, "topRows" | "together">, PackedTexts {
  hasText: boolean;
  /** The rows' pictures, where they have some. */
  pictures?: Pictures | undefined;
  /** Where a row of the input stands among the kept rows, or undefined. */
  placeOfRow(number: number): number | undefined;
  /** The rows that use an atom most, whatever their sign, strongest first. */
  topRows(atom: number): TopRow[];
  /**
   * The signs of an atom's codes that rows use, the one with the larger activation first; repeated texts stand once.
   */
  sidesOf(atom: number): Side[];
  /** The atoms that fire together with one. */
  partners(atom: number): Partner[];
  /** An atom's neighbours, nearest first. */
  neighbours(atom: number): Neighbour[];
  /** The share of the inspected rows that use an atom. */
  density(atom: number): number;
  /** The nested group an atom belongs to, from 0. */
  group(atom: number): number;
  label(atom: number): string | undefined;
  /** Takes other names over. */
  setLabels(labels: Record<string, string>): void;
  /** What an atom is called: its label, or the texts it responds to most. */
  title(atom: number): string;
}
