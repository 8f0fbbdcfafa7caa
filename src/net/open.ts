import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import type { OpenRowsOptions } from "../rows/open.ts";
import { BlockCache } from "./cache.ts";
import { RemoteFile, WholeRemoteFile } from "./remote_file.ts";
import { type RemotePlace, Transfer } from "./transfer.ts";

/** How remote files are read: as in `OpenRowsOptions`. */
export type RemoteOptions = Pick<
  OpenRowsOptions,
  "cacheDir" | "cacheBytes" | "backoff"
>;

const CACHE_BYTES = 16 * 2 ** 30;

/** Opens a file on a web server. A server without ranges is asked for the whole file, where it fits the budget. */
export async function openRemote(
  place: RemotePlace,
  options: RemoteOptions,
  budget: number,
): Promise<ByteSource> {
  const transfer = new Transfer(place, options.backoff);
  const info = await transfer.info();
  if (!info.ranges) {
    if (info.size > budget) {
      throw new DbksvdError("data", "Server gives no parts of the file", {
        where: { file: place.name },
        mend: "download it and give its path",
      });
    }
    return new WholeRemoteFile(place.name, await transfer.whole(info.size));
  }
  const cache = options.cacheDir === undefined
    ? undefined
    : new BlockCache(options.cacheDir, options.cacheBytes ?? CACHE_BYTES);
  return new RemoteFile(transfer, info, cache);
}

/** A URL's place: credentials in it become a header, and extra headers come from the environment. */
export function remotePlace(url: string): RemotePlace {
  const target = new URL(url);
  const headers = environmentHeaders();
  if (target.username !== "") {
    const pair = `${decodeURIComponent(target.username)}:${
      decodeURIComponent(target.password)
    }`;
    headers.authorization = `Basic ${btoa(pair)}`;
    target.username = target.password = "";
  }
  const name = target.origin + target.pathname;
  return { url: target.href, name, headers };
}

// DBKSVD_HTTP_HEADERS: a header a line, "Name: value".
function environmentHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of variable("DBKSVD_HTTP_HEADERS")?.split("\n") ?? []) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1)
      .trim();
  }
  return headers;
}

/** An environment variable; undefined also where it may not be read. */
export function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  const value = state === "granted" ? Deno.env.get(name) : undefined;
  return value === "" ? undefined : value;
}
