import type { Turns } from "./pacing.ts";
import type { PartsBody } from "./parts_body.ts";

/** How long a server that gives nothing is borne with: by progress, never by the time that a transfer takes in all. */
export interface RetryLimits {
  /** In each span of this length an answer must have begun, or 1 KiB have come. A minute. */
  spanMs: number;
  /** Without anything of use coming for this long, it is given up. Five minutes. */
  outageMs: number;
  /** As `outageMs`, for a server that could never be connected to. 20 s. */
  connectMs: number;
  /** Attempts without anything of use, at most. */
  attempts: number;
  /** Milliseconds to wait before the next attempt, by attempts so far. */
  wait(attempt: number): number;
}

/** What a request waits for, where nothing else is asked for. */
export const RETRIES: RetryLimits = {
  spanMs: 60_000,
  outageMs: 300_000,
  connectMs: 20_000,
  attempts: 20,
  wait: (attempt) => Math.min(30_000, 250 * 2 ** attempt),
};

/** How a request is made. */
export interface RequestOptions {
  retry?: Partial<RetryLimits> | undefined;
  signal?: AbortSignal | undefined;
  /** Called, once for each outage, with what is being waited for. */
  onNotice?: ((notice: string) => void) | undefined;
  /** What to do where credentials are refused. */
  credentials?: string;
  /** Whose turn it is: eight requests at once over all connections, unless they are counted elsewhere. */
  turns?: Turns | undefined;
}

/** What one attempt asks for. */
export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  /** What is sent; of a {@linkcode PartsBody} every part that goes out counts as progress. */
  body?: string | Uint8Array<ArrayBuffer> | PartsBody;
  /** Statuses that are answers too, not failures. */
  accepts?: readonly number[];
  /** Statuses to come back after, beside 408, 429 and all from 500 on. */
  busy?: readonly number[];
  /** Called with an answer that is no success and the beginning of its text: throws where it knows what is wrong. */
  refused?(status: number, text: string): void;
}
