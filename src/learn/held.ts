import type { RowSource } from "../rows/source.ts";

/**
 * The host's memory takes so much of a pass's rows, to be held for the next one. Reading a local file again costs the
 * processor no more than holding its rows does, and no training is to take more memory because there is more to read.
 */
const MOST_BYTES = 2 ** 29;

/** What comes over a network is dear to read again. */
const MOST_REMOTE_BYTES = 2 ** 31;

/**
 * Whether an engine on the processor is to hold rows between passes: all of them, or none. A part would spare little
 * reading, and the memory for it would be gone all the same.
 *
 * @param source where the rows come from
 * @param rows how many a pass has
 */
export function mayHold(
  { width, files }: Pick<RowSource, "width" | "files">,
  rows: number,
): boolean {
  const isRemote = files.some(({ path }) => /^[a-z0-9]+:\/\//i.test(path));
  return 4 * width * rows <= (isRemote ? MOST_REMOTE_BYTES : MOST_BYTES);
}
