/** One problem to measure. */
export interface BenchSize {
  /** Dimensions. */
  n: number;
  /** Atoms. */
  m: number;
  /** Nonzeros a row. */
  k: number;
  /** Rows of a sample batch. */
  rows: number;
}
