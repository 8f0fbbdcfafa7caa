import { createHash } from "node:crypto";

/**
 * What the database knows a webhook by: its origin and a checksum of its address, which may hold a secret.
 *
 * @param url the webhook's address
 */
export function webhookKey(url: string): string {
  const sum = createHash("sha256").update(url).digest("hex");
  return `${new URL(url).origin} ${sum.slice(0, 16)}`;
}
