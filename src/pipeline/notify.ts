import type { NotifyEvent, Webhook } from "./config.ts";
import type { Store } from "./store.ts";
import type { Watch } from "./watch.ts";

/** Waits between attempts, in ms. */
const BACKOFF_MS: readonly number[] = [1000, 4000, 16_000];
const TIMEOUT_MS = 10_000;
/** A notification that this many attempts, over several runs, could not deliver is given up. */
const MOST_ATTEMPTS = 20;

interface Waiting {
  id: string;
  url: string;
  event: NotifyEvent;
  body: string;
  secret_env: string | null;
  attempts: number;
}

/**
 * Puts an event into the outbox of every webhook that listens to it; called within the transaction that the event is
 * about, so that neither is there without the other.
 */
export function enqueue(
  store: Store,
  webhooks: readonly Webhook[],
  event: NotifyEvent,
  details: Record<string, unknown>,
  now: Date,
): void {
  for (const webhook of webhooks) {
    if (!webhook.events.includes(event)) continue;
    const id = crypto.randomUUID();
    const created = now.toISOString();
    store.run(
      `INSERT INTO outbox (id, url, event, body, secret_env, created)
       VALUES (:id, :url, :event, :body, :secretEnv, :created)`,
      {
        id,
        url: webhook.url,
        event,
        body: JSON.stringify({ id, event, at: created, ...details }),
        secretEnv: webhook.secretEnv,
        created,
      },
    );
  }
}

/** How deliveries are made; tests replace the waiting. */
export interface DeliverOptions {
  signal?: AbortSignal;
  /** Waits this many ms. */
  wait?(ms: number): Promise<void>;
}

/** Delivers what waits in the outbox, what earlier runs left there included. A failed delivery never fails a run. */
export async function deliver(
  store: Store,
  watch: Watch,
  options: DeliverOptions = {},
): Promise<void> {
  const waiting = store.all<Waiting>(
    `SELECT id, url, event, body, secret_env, attempts FROM outbox
     WHERE delivered IS NULL AND attempts < :most ORDER BY created, id`,
    { most: MOST_ATTEMPTS },
  );
  for (const message of waiting) {
    await deliverOne(store, watch, message, options);
  }
}

async function deliverOne(
  store: Store,
  watch: Watch,
  message: Waiting,
  { signal, wait = sleep }: DeliverOptions,
): Promise<void> {
  const place = new URL(message.url).origin;
  for (let attempt = 0; attempt <= BACKOFF_MS.length; attempt++) {
    if (signal?.aborted) return;
    const failure = await attemptDelivery(message, watch.now());
    store.run(
      `UPDATE outbox SET attempts = attempts + 1, error = :error,
         delivered = :delivered WHERE id = :id`,
      {
        id: message.id,
        error: failure?.reason,
        delivered: failure === undefined
          ? watch.now().toISOString()
          : undefined,
      },
    );
    if (failure === undefined) {
      watch.tell("info", "webhook.delivered", { to: place, id: message.id });
      return;
    }
    watch.tell("warn", "webhook.failed", { to: place, ...failure });
    if (!failure.again || attempt === BACKOFF_MS.length) return;
    await wait(BACKOFF_MS[attempt]);
  }
}

async function attemptDelivery(
  message: Waiting,
  now: Date,
): Promise<{ reason: string; again: boolean } | undefined> {
  try {
    const response = await fetch(message.url, {
      method: "POST",
      headers: await headersOf(message, now),
      body: message.body,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    const { status } = response;
    const again = status >= 500 || status === 429 || status === 408;
    return { reason: `the server answers ${status}`, again };
  } catch (error) {
    const name = error instanceof Error ? error.name : "error";
    return { reason: `cannot reach the server (${name})`, again: true };
  }
}

async function headersOf(message: Waiting, now: Date) {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-dbksvd-event": message.event,
    "x-dbksvd-delivery": message.id,
    "x-dbksvd-timestamp": timestamp,
  };
  const secret = message.secret_env && Deno.env.get(message.secret_env);
  if (secret) {
    headers["x-dbksvd-signature"] = await signatureOf(
      secret,
      timestamp,
      message.body,
    );
  }
  return headers;
}

/**
 * The signature of a webhook's request: HMAC-SHA256 of `timestamp.body` with the shared secret, as `sha256=` and hex.
 * A receiver computes it again, compares in constant time and refuses old timestamps.
 */
export async function signatureOf(
  secret: string,
  timestamp: string,
  body: string,
): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const bytes = await crypto.subtle.sign(
    "HMAC",
    key,
    encoder.encode(`${timestamp}.${body}`),
  );
  return `sha256=${new Uint8Array(bytes).toHex()}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
