import type { RowSource } from "./source.ts";

/**
 * What tells a source's rows from others before they are read, for processes that are to share them. Where they
 * lie is of no account: machines may have copies.
 */
export async function rowsInBrief(
  source: Pick<RowSource, "width" | "rowCount" | "files" | "fingerprints">,
): Promise<Record<string, unknown>> {
  const { width, rowCount, files } = source;
  const prints = await source.fingerprints?.();
  const all = files.map(({ rows, bytes }, i) => [
    rows,
    bytes,
    prints?.[i]?.digest,
  ]);
  const text = new TextEncoder().encode(JSON.stringify(all));
  const digest = await crypto.subtle.digest("SHA-256", text);
  return {
    "number of rows": rowCount,
    "width of rows": width,
    "digest of inputs": new Uint8Array(digest).toHex().slice(0, 16),
  };
}
