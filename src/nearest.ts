/** The candidate that a mistyped word most likely meant, if any is close. */
export function nearest(
  word: string,
  candidates: readonly string[],
): string | undefined {
  const scored = candidates
    .map((candidate) => ({
      candidate,
      edits: edits(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .sort((a, b) => a.edits - b.edits);
  const best = scored.at(0);
  const close = best && best.edits <= Math.max(1, word.length / 3);
  return close ? best.candidate : undefined;
}

// Levenshtein's distance, a row of the table at a time.
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(swap, row[j] + 1, next[j - 1] + 1);
    }
    row = next;
  }
  return row[b.length];
}
