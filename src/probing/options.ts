import type { BatchOptions, RowSet } from "../rows/source.ts";
import { RUN_OPTIONS, type RunOptions } from "../coding/coder.ts";
import type { Baseline } from "../metrics/probe_baseline.ts";

/** An attribute for spurious correlation removal. */
export interface ScrAttribute {
  /** The column. */
  column: string;
  /** Two of its classes. */
  values: readonly [string, string];
}

/** Options of {@linkcode probe} beside how it runs. */
export interface ProbeOptions extends RunOptions {
  /** The columns whose values are classes. */
  classColumns: readonly string[];
  /** Numbers of latents that probes go by. 1, 2 and 5. */
  k?: readonly number[] | undefined;
  /** Rows with the same value of this column stay on one side of the split. */
  byGroup?: string | undefined;
  /** Probe the mean of each group, as SAEBench does of a text's tokens. */
  pool?: boolean | undefined;
  /** Only these classes. */
  classes?: readonly string[] | undefined;
  /** Fewest rows of a class for fitting. 100. */
  minRows?: number | undefined;
  /** Share of the rows in the test. 0.2. */
  testShare?: number | undefined;
  /** The rows of the test, in place of a share: the others are for fitting. */
  test?: RowSet | undefined;
  /** What stands beside the models; all of them. */
  baselines?: readonly Baseline[] | undefined;
  /** Of the split and the draws. 0. */
  seed?: number | undefined;
  /** Measure targeted probe perturbation: do the latents of a class carry it, and it alone? */
  tpp?: boolean | undefined;
  /** Measure spurious correlation removal for two attributes: a column and two of its classes each. */
  scr?: readonly [ScrAttribute, ScrAttribute] | undefined;
  /** Measure absorption: have specific latents taken a class's direction over? */
  absorption?: boolean | undefined;
  /** Which rows; all by default. */
  rows?: Pick<BatchOptions, "range" | "only" | "except"> | undefined;
}

/** The names of {@linkcode ProbeOptions}: all of them, as the type says. */
export const PROBE_OPTIONS = Object.keys(
  {
    ...RUN_OPTIONS,
    classColumns: true,
    k: true,
    byGroup: true,
    pool: true,
    classes: true,
    minRows: true,
    testShare: true,
    test: true,
    baselines: true,
    seed: true,
    tpp: true,
    scr: true,
    absorption: true,
    rows: true,
  } satisfies Record<keyof ProbeOptions, true>,
);
