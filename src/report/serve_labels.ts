import { timingSafeEqual } from "node:crypto";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";

/** A change's size at most. */
const MOST_BYTES = 65_536;

/** Where the names of a served model's atoms are. */
export interface LabelStore {
  /** The names as text by atom index, and what tells this state of them from others. */
  read(): Promise<{ labels: Record<string, string>; version: string }>;
  /**
   * Takes changes over: an empty name takes an atom's names away.
   *
   * @param changes names by atom index
   * @param source `hand`, or `import` for names out of a file, which replace none given by hand
   * @throws {DbksvdError} `usage` where a name or an atom cannot be
   */
  change(
    changes: Record<string, string>,
    source: "hand" | "import",
  ): Promise<void>;
}

/** What a request for a change has to come with. */
export interface LabelKey {
  /** The page's own origin. */
  origin: string;
  /** What stands in the page, and in no other. */
  token: string;
}

/**
 * Answers requests for names. A change is taken only from the page itself (its origin, and a token that stands in
 * it), as JSON, of the names as they are (`If-Match`): a change of names that another window has changed
 * since is refused (409).
 */
export async function answerLabels(
  request: Request,
  store: LabelStore,
  key: LabelKey,
): Promise<Response> {
  if (request.method === "GET") return await present(store);
  if (request.method !== "POST") {
    return new Response(null, { status: 405, headers: { allow: "GET, POST" } });
  }
  const refusal = refusalOf(request, key);
  if (refusal !== undefined) return refusal;
  const body = await limitedText(request);
  if (body === undefined) return said(413, "The change is too large");
  const change = parseChange(body);
  if (change === undefined) return said(400, "Not a change of labels");
  const { version } = await store.read();
  if (request.headers.get("if-match") !== version) {
    return said(409, "The labels have changed meanwhile");
  }
  try {
    await store.change(change.labels, change.source);
  } catch (error) {
    if (!(error instanceof DbksvdError)) throw error;
    return said(error.kind === "usage" ? 400 : 500, error.message);
  }
  return await present(store);
}

async function present(store: LabelStore): Promise<Response> {
  const { labels, version } = await store.read();
  return new Response(JSON.stringify({ labels }), {
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      etag: version,
    },
  });
}

function refusalOf(
  request: Request,
  { origin, token }: LabelKey,
): Response | undefined {
  const { headers } = request;
  if (
    headers.get("origin") !== origin || !same(headers.get("x-token"), token)
  ) {
    return said(403, "Labels are changed by the page itself alone");
  }
  const type = headers.get("content-type")?.split(";")[0].trim();
  return type === "application/json"
    ? undefined
    : said(415, "Send the change as JSON");
}

function same(given: string | null, token: string): boolean {
  const [a, b] = [given ?? "", token].map((text) =>
    new TextEncoder().encode(text)
  );
  return a.length === b.length && timingSafeEqual(a, b);
}

async function limitedText(request: Request): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > MOST_BYTES) return undefined;
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

function parseChange(
  body: string,
): { labels: Record<string, string>; source: "hand" | "import" } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isJsonObject(parsed) || !isJsonObject(parsed.labels)) return undefined;
  const { labels, source = "hand" } = parsed;
  if (source !== "hand" && source !== "import") return undefined;
  if (!Object.values(labels).every((label) => typeof label === "string")) {
    return undefined;
  }
  return { labels: labels as Record<string, string>, source };
}

function said(status: number, text: string): Response {
  return new Response(JSON.stringify({ error: text }), {
    status,
    headers: { "content-type": "application/json" },
  });
}
