import { type Attempt, Connection } from "./client.ts";
import type { RequestOptions } from "./request.ts";
import type { RemotePlace } from "./place.ts";

/** What a server says about a file. */
export interface RemoteInfo {
  /** Bytes; undefined where it gives no ranges and does not tell. */
  size?: number | undefined;
  /** ETag or Last-Modified; empty where it gives neither. */
  etag: string;
  ranges: boolean;
}

/** What tells that a file is still the one that was begun. */
export interface FileVersion {
  etag: string;
  size: number;
}

// Compressed transfers have no byte ranges of the file.
const PLAIN = { "accept-encoding": "identity" };

/** Transfers ranges of one remote file, trying again and resuming where a connection breaks. */
export class Transfer {
  readonly #connection: Connection;

  constructor(readonly place: RemotePlace, options: RequestOptions = {}) {
    this.#connection = new Connection(place, options);
  }

  /**
   * Asks for size and version, by a GET of one byte: an address signed for GET refuses HEAD.
   *
   * @throws {Unreachable}
   * @throws {DbksvdError} `data` where there is no such file
   */
  async info(): Promise<RemoteInfo> {
    return await this.#connection.persist(async (attempt) => {
      const response = await attempt.ask({
        headers: { ...PLAIN, range: "bytes=0-0" },
      });
      const total = totalOf(response);
      const length = response.headers.get("content-length");
      await response.body?.cancel();
      const ranges = response.status === 206 && total !== undefined;
      const size = ranges ? total : Number(length ?? NaN);
      const sized = Number.isSafeInteger(size) && response.status !== 206;
      return {
        size: ranges || sized ? size : undefined,
        etag: versionOf(response),
        ranges,
      };
    });
  }

  /** Fetches bytes start ≤ byte < end of the version that `info` found. */
  async fetch(
    start: number,
    end: number,
    version: FileVersion,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(end - start);
    let done = 0;
    await this.#connection.persist(async (attempt) => {
      const response = await attempt.ask({
        headers: { ...PLAIN, range: `bytes=${start + done}-${end - 1}` },
      });
      this.#check(response, start + done, version);
      // What has come stays: the next attempt asks for the rest.
      for await (const chunk of attempt.chunks(response)) {
        if (chunk.length > bytes.length - done) {
          throw this.#connection.failure("Server sends more than it was asked");
        }
        bytes.set(chunk, done);
        done += chunk.length;
        attempt.kept += chunk.length;
      }
      if (done < bytes.length) throw new Error("the transfer broke off");
    }, signal);
    return bytes;
  }

  /**
   * Fetches the whole file, for servers without ranges.
   *
   * @param size bytes, where they are known
   * @param limit most bytes to take
   */
  async whole(
    size: number | undefined,
    limit: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#connection.persist(async (attempt) => {
      const response = await attempt.ask({ headers: PLAIN });
      if (size === undefined) return await attempt.bytes(response, limit);
      return await this.#exactly(attempt, response, size);
    });
  }

  async #exactly(attempt: Attempt, response: Response, size: number) {
    const bytes = new Uint8Array(size);
    let done = 0;
    for await (const chunk of attempt.chunks(response)) {
      if (chunk.length > size - done) {
        throw this.#connection.failure(
          "File is longer than the server said",
          "run again",
        );
      }
      bytes.set(chunk, done);
      done += chunk.length;
    }
    if (done < size) throw new Error("the transfer broke off");
    return bytes;
  }

  #check(response: Response, start: number, { etag, size }: FileVersion) {
    const total = totalOf(response) ?? size;
    if (versionOf(response) !== etag || total !== size) {
      throw this.#connection.failure(
        "File changed while it was read",
        "run again",
      );
    }
    const range = response.headers.get("content-range") ?? "";
    if (response.status !== 206 || !range.startsWith(`bytes ${start}-`)) {
      throw this.#connection.failure(
        "Server does not keep to the range asked for",
        "download the file and give its path",
      );
    }
  }
}

function totalOf({ headers }: Response): number | undefined {
  const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const size = Number(total ?? NaN);
  return Number.isSafeInteger(size) ? size : undefined;
}

function versionOf({ headers }: Response): string {
  return headers.get("etag") ?? headers.get("last-modified") ?? "";
}
