import type { Communicator } from "../distributed/communicator.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import type { RowSource } from "../rows/source.ts";

/** What filters dropped of a source's rows in all processes, by reason, where each read its own. Collective. */
export async function droppedByAll(
  dropped: RowSource["dropped"],
  group: Communicator,
): Promise<Record<string, number>> {
  const all = await group.gather(toBytes({ ...dropped }));
  const sum: Record<string, number> = {};
  for (const bytes of all) {
    const counts = await fromBytes(bytes) as typeof dropped;
    for (const [reason, count] of Object.entries(counts)) {
      sum[reason] = (sum[reason] ?? 0) + count;
    }
  }
  return sum;
}

/** Counts without others, by reason. */
export function less(
  counts: RowSource["dropped"],
  others: RowSource["dropped"],
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([reason, count]) => [
      reason,
      count - (others[reason] ?? 0),
    ]),
  );
}
