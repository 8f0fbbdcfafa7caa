/** Requests at once, over all connections. */
const CONNECTIONS = 8;

/**
 * Retry-After in milliseconds: it is a number of seconds or a date (RFC 9110, 10.2.3); some servers are more exact in a
 * header of their own.
 */
export function retryAfter(headers: Headers): number {
  const exact = headers.get("retry-after-ms")?.trim() ?? "";
  if (/^\d+$/.test(exact)) return Number(exact);
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(text)) return 1000 * Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}

/** Waits, unless the signal fires. */
export function sleep(
  milliseconds: number,
  signal?: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

let free = CONNECTIONS;
const waiting: (() => void)[] = [];

/** Does something once fewer than eight are at it. */
export async function limited<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }
}
