import type { SQLInputValue } from "node:sqlite";

/** The pipeline's database: prepared statements, transactions, and nothing that knows what it holds. */
export interface Store {
  /** Runs a statement. Returns the row id that it inserted, if it did. */
  run(sql: string, values?: Values): number;
  /** The first row, or undefined. */
  one<Row>(sql: string, values?: Values): Row | undefined;
  all<Row>(sql: string, values?: Values): Row[];
  /** Runs `work` in a transaction: all of it is on the disk afterwards, or none. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Named values of a statement: `:name` in its text. */
export type Values = Record<string, SQLInputValue | undefined>;
