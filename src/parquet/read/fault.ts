/** A row that cannot be used, counted from its part's beginning, and why. */
export interface Fault {
  row: number;
  why: string;
}
