/** A terminated worker takes so long, at most, to take its GPU instance down on its own thread. */
const TEARDOWN_MS = 500;

let lastEnd = -Infinity;
let listens = false;

/**
 * Notes that a worker with a GPU was just terminated. Nothing tells when its thread is gone, and a process that ends
 * while a graphics driver is being taken down crashes in it: so the end of the process waits.
 */
export function noteEndOfGpuWorker(): void {
  lastEnd = performance.now();
  if (listens) return;
  listens = true;
  addEventListener("unload", () => {
    const left = lastEnd + TEARDOWN_MS - performance.now();
    if (left > 0) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left);
    }
  });
}
