import type { IterationReport } from "../engine/engine.ts";
import type { Communicator } from "../distributed/communicator.ts";

/** What {@linkcode addReports} takes from each rank beside its reports. */
export interface Said {
  /** Rows pulled in to the norm limit since it was last asked. */
  capped: number;
  /** Whether this rank was asked to stop. */
  stop: boolean;
}

/**
 * Adds up over the ranks what their reports tell of their own rows.
 *
 * @param reports of the same iterations on all ranks; changed in place
 * @param said by this rank
 * @returns what was said by all together: pulled-in rows added up, and whether any is to stop
 */
export async function addReports(
  group: Communicator,
  reports: readonly IterationReport[],
  said: Said,
): Promise<Said> {
  const own = new Float64Array(4 * reports.length + 2);
  reports.forEach((report, i) => {
    const { rows, energy, codingError, updatedError } = report;
    own.set([rows, energy, codingError, updatedError], 4 * i);
  });
  own.set([said.capped, said.stop ? 1 : 0], 4 * reports.length);
  const all = await group.sum(own);
  reports.forEach((report, i) => {
    const [rows, energy, codingError, updatedError] = all.subarray(4 * i);
    Object.assign(report, { rows, energy, codingError, updatedError });
  });
  const latest = reports.at(-1);
  if (latest !== undefined) {
    latest.duplicates = await duplicatesOf(group, latest);
  }
  const [capped, stop] = all.subarray(4 * reports.length);
  return { capped, stop: stop > 0 };
}

// As rank 0 found them: where a coherence is at the threshold, processors that round otherwise may differ.
async function duplicatesOf(
  group: Communicator,
  { duplicates }: IterationReport,
): Promise<Uint32Array> {
  if (group.size === 1) return duplicates;
  const own = new Uint8Array(Uint32Array.from(duplicates).buffer);
  const bytes = await group.broadcast(own);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
