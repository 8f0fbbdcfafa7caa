/** What is sent to a host beside what every request carries. */
export interface HeadersByHost {
  /** The headers of requests to a URL. */
  for(url: URL): Record<string, string>;
}

/** A URL with its secrets: what is shown of it is `name`. */
export interface RemotePlace {
  url: string;
  /** The URL without user, password and query; what is read of a bucket is known as `s3://BUCKET/KEY`. */
  name: string;
  /** Sent to the URL's own host, and to no other that it redirects to. */
  headers: Record<string, string>;
  /** Further headers of one request to that host, which vouch for it. */
  sign?(url: string, method: string): Promise<Record<string, string>>;
  /** What to do where credentials are refused, unless whoever asks knows better. */
  credentials?: string;
  /** What is wrong, where an answer that is no success tells it by its headers. */
  explain?(response: Response): Error | undefined;
}

/**
 * A URL's place: credentials in it become a header.
 *
 * @param url as the user gave it
 * @param headers further headers, by host; none for what is no input
 */
export function remotePlace(url: string, headers?: HeadersByHost): RemotePlace {
  const target = new URL(url);
  const own = headers?.for(target) ?? {};
  if (target.username !== "" || target.password !== "") {
    const pair = `${decoded(target.username)}:${decoded(target.password)}`;
    const bytes = new TextEncoder().encode(pair);
    own.authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
    target.username = target.password = "";
  }
  target.hash = "";
  const name = target.origin + target.pathname;
  return { url: target.href, name, headers: own };
}

/**
 * Whether nobody on the way can listen to what is sent to a URL: it goes by https, or to this machine itself. Tokens,
 * keys and texts go nowhere else.
 */
export function isPrivateWay({ protocol, hostname }: URL): boolean {
  if (protocol === "https:") return true;
  return protocol === "http:" &&
    (hostname === "localhost" || hostname === "[::1]" ||
      /^127(\.\d+){3}$/.test(hostname));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An environment variable; undefined also where it may not be read. */
export function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  const value = state === "granted" ? Deno.env.get(name) : undefined;
  return value === "" ? undefined : value;
}

/** Where the hub is: HF_ENDPOINT, or huggingface.co. */
export function hubEndpoint(): string {
  const endpoint = variable("HF_ENDPOINT") ?? "https://huggingface.co";
  return endpoint.replace(/\/+$/, "");
}
