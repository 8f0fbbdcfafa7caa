import { RUN_OPTIONS, type RunOptions } from "../coding/coder.ts";
import type { TokenTexts } from "../files/tokenizer.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { BatchOptions } from "../rows/source.ts";
import type { NormForm } from "./logits/unembedding.ts";

/**
 * What atoms are looked at by where nobody says: the top rows of an activation are of one class more often than those
 * of a code (tasks/experiments/RESULTS.md has the table).
 */
export const DEFAULT_READING: AtomReading = "activation";

/** Options of `inspect`. */
export interface InspectOptions extends RunOptions {
  /**
   * By which reading rows use atoms: their codes, or as many of their largest activations. That of `codes` where they
   * are given, else `activation` by default: its top rows are of one theme more often.
   */
  by?: AtomReading | undefined;
  /** The model's name, for headings. */
  name?: string | undefined;
  /** The input's column with a text for every row; where rows are tokens, with a list of their texts or ids. */
  text?: string | undefined;
  /** What ids of tokens stand for, where the column holds ids. */
  tokens?: TokenTexts | undefined;
  /** Rows kept for every atom at the top of each sign. 20. */
  topRows?: number | undefined;
  /** Rows kept for every atom and sign from all that use it, drawn evenly. 12. */
  spreadRows?: number | undefined;
  /** Nearest atoms found for every atom. 10. */
  nearest?: number | undefined;
  /** A file of codes or activations of these rows by this model, in place of coding them. */
  codes?: string | undefined;
  /** A language model's unembedding (a safetensors file, or a checkpoint's folder), for the atoms' logits. */
  unembed?: string | undefined;
  /** Folds the final norm's weights into it: by `weight`, `1+weight`, or as the config.json beside it has it. */
  foldNorm?: NormForm | "auto" | undefined;
  /**
   * The column with a picture for every row: bytes, a path from the input's folder on, or an address under that of an
   * input from the web; files elsewhere are not looked at.
   */
  image?: string | undefined;
  /** Where paths of pictures begin, in place of the input's folder. */
  imageDir?: string | undefined;
  /** Longest side of the small pictures, in pixels. 128. */
  imageSize?: number | undefined;
  /** Pictures at most, those of rows that use atoms most first. 8192. */
  imageLimit?: number | undefined;
  /** Which rows; all by default. */
  rows?: Pick<BatchOptions, "range" | "only" | "except"> | undefined;
}

/** The names of {@linkcode InspectOptions}: all of them, as the type says. */
export const INSPECT_OPTIONS = Object.keys(
  {
    ...RUN_OPTIONS,
    by: true,
    name: true,
    text: true,
    tokens: true,
    topRows: true,
    spreadRows: true,
    nearest: true,
    codes: true,
    unembed: true,
    foldNorm: true,
    image: true,
    imageDir: true,
    imageSize: true,
    imageLimit: true,
    rows: true,
  } satisfies Record<keyof InspectOptions, true>,
);
