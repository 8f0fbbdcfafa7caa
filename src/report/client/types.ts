// What the page's packed parts hold (see ../browser_parts.ts), and the dictionary that the pages ask.

/** The first part: every atom. */
export interface PackedAtoms {
  name: string;
  /** n: dimensions of a row. */
  width: number;
  /** m: number of atoms. */
  atoms: number;
  groups: number[];
  coder: { method: string; sparsity: number };
  /** Rows inspected; 0 where only the dictionary was looked at. */
  rows: number;
  labels: Record<string, string>;
  /** Top rows kept for an atom. */
  perAtom: number;
  nearestCount: number;
  histogramBins: number;
  uses: Uint32Array;
  meanActivation: Float32Array;
  maxActivation: Float32Array;
  coherence: Float32Array;
  /** atoms × nearestCount. */
  nearest: Uint32Array;
  cosines: Float32Array;
  histogramLimits?: Float32Array;
  /** atoms × histogramBins. */
  histogramCounts?: Uint32Array;
  /** atoms × 2. */
  positions?: Float32Array;
}

/** The second part: the rows that some atom uses most. */
export interface PackedRows {
  texts: string[];
  before?: string[];
  after?: string[];
  numbers: Float64Array;
  residual: Float32Array;
  /** atoms × perAtom places among the rows. */
  topSamples: Uint32Array;
  topValues: Float32Array;
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

/** A row that uses an atom, by its place among the kept rows. */
export interface TopRow {
  place: number;
  value: number;
}

/** An atom near another. */
export interface Neighbour {
  atom: number;
  cosine: number;
}

/** The atoms and their rows, as the pages ask for them. */
export interface Dictionary
  extends PackedAtoms, Omit<PackedRows, "topSamples" | "topValues"> {
  hasText: boolean;
  /** Where a row of the input stands among the kept rows, or undefined. */
  placeOfRow(number: number): number | undefined;
  /** The rows that use an atom most, strongest first. */
  topRows(atom: number): TopRow[];
  /** An atom's neighbours, nearest first. */
  neighbours(atom: number): Neighbour[];
  /** The share of the inspected rows that use an atom. */
  density(atom: number): number;
  /** The nested group an atom belongs to, from 0. */
  group(atom: number): number;
  label(atom: number): string | undefined;
  /** What an atom is called: its label, or the texts it responds to most. */
  title(atom: number): string;
}
