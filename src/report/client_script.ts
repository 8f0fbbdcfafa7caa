import bundle from "./client_bundle.js" with { type: "text" };

/**
 * The browser's script in one piece: a page opened from the file system cannot load modules. Made from `client/` by
 * `deno task write-client`; a test holds the two together.
 */
export function clientScript(): string {
  return bundle;
}
