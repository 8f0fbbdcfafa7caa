import type { Communicator } from "../distributed/communicator.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";

/** Which rows take part. */
type Rows = Pick<BatchOptions, "range" | "only" | "except">;

/** A process's share of some rows: a run of row numbers, as long as those of others but for one row. */
export function ownRows(
  { rowCount }: Pick<RowSource, "rowCount">,
  rows: Rows = {},
  { rank, size }: Pick<Communicator, "rank" | "size">,
): Rows {
  const { start = 0, end = rowCount } = rows.range ?? {};
  const at = (share: number) =>
    start + Math.floor((end - start) * share / size);
  return { ...rows, range: { start: at(rank), end: at(rank + 1) } };
}
