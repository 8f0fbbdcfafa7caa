import type { DbksvdError } from "../errors.ts";
import { Connection } from "../net/client.ts";
import { type RemotePlace, remotePlace } from "../net/place.ts";
import type { NotifyEvent, PipelineSettings, Webhook } from "./config.ts";
import { placesIn } from "./places.ts";
import { openStore } from "./store.ts";
import type { Store } from "./database.ts";
import type { Watch } from "./watch.ts";
import { webhookKey } from "./webhook_key.ts";

/** What a server that does not answer may cost a run, over all its messages. */
const BUDGET_MS = 10_000;
const ANSWER_MS = 5000;
/** A notification that this many attempts, over several runs, could not deliver is given up. */
const MOST_ATTEMPTS = 20;

interface Waiting {
  id: string;
  /** The webhook's key: its address may hold a secret. */
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
        url: webhookKey(webhook.url),
        event,
        body: JSON.stringify({ id, event, at: created, ...details }),
        secretEnv: webhook.secretEnv,
        created,
      },
    );
  }
}

/**
 * Delivers what waits in the outbox, what earlier runs left there included, within seconds. What does not get through
 * waits for the next run. A failed delivery never fails a run.
 *
 * @param settings the pipeline, whose lock nobody needs to hold
 * @param watch called with each delivery
 * @param options a signal that ends it
 */
export async function deliver(
  settings: PipelineSettings,
  watch: Watch,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const { database } = placesIn(settings.root);
  const store = openStore(database);
  try {
    const waiting = store.all<Waiting>(
      `SELECT id, url, event, body, secret_env, attempts FROM outbox
       WHERE delivered IS NULL AND attempts < :most ORDER BY created, id`,
      { most: MOST_ATTEMPTS },
    );
    const end = performance.now() + BUDGET_MS;
    const silent = new Set<string>();
    for (const message of waiting) {
      const left = end - performance.now();
      if (options.signal?.aborted || left <= 0) return;
      const webhook = settings.webhooks.find(({ url }) =>
        webhookKey(url) === message.url
      );
      if (webhook === undefined) {
        note(store, message, "it is no longer in the configuration", watch);
        continue;
      }
      const place = remotePlace(webhook.url);
      const { origin } = new URL(place.url);
      if (silent.has(origin)) continue;
      const limit = Math.min(ANSWER_MS, left);
      const failure = await attemptDelivery(place, message, watch, limit);
      note(store, message, failure?.reason, watch);
      if (failure?.isSilent) silent.add(origin);
    }
  } finally {
    store.close();
  }
}

function note(
  store: Store,
  message: Waiting,
  failure: string | undefined,
  watch: Watch,
): void {
  store.run(
    `UPDATE outbox SET attempts = attempts + 1, error = :error,
       delivered = :delivered WHERE id = :id`,
    {
      id: message.id,
      error: failure,
      delivered: failure === undefined ? watch.now().toISOString() : undefined,
    },
  );
  const [to] = message.url.split(" ");
  if (failure === undefined) {
    watch.tell("info", "webhook.delivered", { to, id: message.id });
  } else watch.tell("warn", "webhook.failed", { to, reason: failure });
}

async function attemptDelivery(
  place: RemotePlace,
  message: Waiting,
  watch: Watch,
  limit: number,
): Promise<{ reason: string; isSilent: boolean } | undefined> {
  const { secret_env: secretEnv } = message;
  const secret = secretEnv === null ? undefined : Deno.env.get(secretEnv);
  if (secretEnv !== null && !secret) {
    // A receiver that wants signatures takes nothing without one.
    return { reason: `${secretEnv} is not set`, isSilent: false };
  }
  const connection = new Connection(place, {
    retry: {
      attempts: 3,
      spanMs: limit,
      outageMs: limit,
      connectMs: limit / 2,
      wait: (attempt) => 500 * 2 ** attempt,
    },
    credentials: "check the webhook's address",
  });
  try {
    const headers = await headersOf(message, secret, watch.now());
    await connection.persist(async (attempt) => {
      const response = await attempt.ask({
        method: "POST",
        headers,
        body: message.body,
      });
      await response.body?.cancel();
    });
  } catch (error) {
    const { what } = error as DbksvdError;
    return { reason: what ?? String(error), isSilent: !connection.answered };
  }
}

async function headersOf(
  message: Waiting,
  secret: string | undefined,
  now: Date,
) {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-dbksvd-event": message.event,
    "x-dbksvd-delivery": message.id,
    "x-dbksvd-timestamp": timestamp,
  };
  if (secret !== undefined) {
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
