/** How long a thread may work before its signals, timers and messages get a turn. */
const TURN_MS = 50;

let lastPause = performance.now();

/**
 * Lets this thread's signals, timers and messages in, where they have waited for 50 ms; else returns at once. Every
 * loop that can take longer awaits it, so that Ctrl-C and progress are heeded whatever is being computed.
 *
 * @param signal throws its reason where it has fired
 */
export async function pauseIfDue(signal?: AbortSignal): Promise<void> {
  if (performance.now() - lastPause >= TURN_MS) {
    await new Promise((resolve) => setTimeout(resolve));
    lastPause = performance.now();
  }
  signal?.throwIfAborted();
}
