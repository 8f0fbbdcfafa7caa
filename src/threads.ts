/**
 * Most threads that may be asked for: each takes tens of megabytes, and more than there are cores make nothing faster.
 */
export function mostThreads(): number {
  return Math.max(64, 4 * navigator.hardwareConcurrency);
}
