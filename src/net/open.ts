import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import { BlockCache } from "./cache.ts";
import type { RequestOptions } from "./request.ts";
import { warnOnce } from "./notices.ts";
import type { RemotePlace } from "./place.ts";
import { RemoteFile, WholeRemoteFile } from "./remote_file.ts";
import { Transfer } from "./transfer.ts";

/** How remote files are read. */
export interface RemoteOptions extends RequestOptions {
  /** Directory for blocks of remote files; none by default. */
  cacheDir?: string | undefined;
  /** Bytes that the cache may take. 16 GiB. */
  cacheBytes?: number;
  /** Milliseconds to wait before a remote file is asked again, by attempts so far. A quarter of a second, doubling. */
  backoff?(attempt: number): number;
}

const CACHE_BYTES = 16 * 2 ** 30;

/** What a request is made with, of the options of remote files. */
export function requestOptions(options: RemoteOptions): RequestOptions {
  const { backoff, retry } = options;
  return backoff === undefined
    ? options
    : { ...options, retry: { wait: backoff, ...retry } };
}

/**
 * Opens a file on a web server. A server without ranges is asked for the whole file, where it fits the budget.
 *
 * @param place the file
 * @param options how it is asked for, and where blocks are kept
 * @param budget bytes that a whole file may take
 * @throws {Unreachable} where it cannot be had now
 * @throws {DbksvdError} `data` where there is none, or it does not fit
 */
export async function openRemote(
  place: RemotePlace,
  options: RemoteOptions,
  budget: number,
): Promise<ByteSource> {
  const transfer = new Transfer(place, requestOptions(options));
  const { size, etag, ranges } = await transfer.info();
  if (!ranges || size === undefined) {
    if (size !== undefined && size > budget) {
      throw new DbksvdError("data", "Server gives no parts of the file", {
        where: { file: place.name },
        mend: "download it and give its path",
      });
    }
    return new WholeRemoteFile(
      place.name,
      await transfer.whole(size, budget),
    );
  }
  if (etag === "") {
    warnOnce(
      options.onNotice,
      `${place.name}: the server gives no version (ETag, Last-Modified); only a change of its size would be noticed`,
    );
  }
  const { cacheDir, cacheBytes = CACHE_BYTES, onNotice } = options;
  const cache = cacheDir === undefined
    ? undefined
    : new BlockCache(cacheDir, cacheBytes, onNotice);
  return new RemoteFile(transfer, { size, etag }, cache);
}
