import { dirname, posix, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { DbksvdError } from "../../errors.ts";
import { isJsonObject } from "../../json.ts";
import { Connection } from "../../net/client.ts";
import { InputHeaders } from "../../net/headers.ts";
import { withHubToken } from "../../net/hub.ts";
import { remotePlace } from "../../net/place.ts";
import { s3File } from "../../net/s3.ts";
import type { PictureFile } from "../../report/data.ts";
import { Broken } from "./broken.ts";
import { pictureFile } from "./files.ts";

/** A picture's file at most. */
const MOST_BYTES = 2 ** 26;

/** A server that does not answer is asked again this often: there may be thousands of pictures. */
const ATTEMPTS = 2;

/** Gives the bytes of pictures: those in a column, and those of files under the folder of the inputs, never others. */
export class PicturePlaces {
  readonly #folder: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Map<string, PictureFile>();
  readonly #roots = new Map<string, Promise<string>>();

  /**
   * @param folder where paths begin, in place of their input's own folder
   * @param signal ends requests
   */
  constructor(folder?: string, signal?: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
  }

  /** The local files that were looked for, by path. */
  get files(): PictureFile[] {
    return [...this.#files.values()].sort((a, b) => a.path < b.path ? -1 : 1);
  }

  /**
   * The bytes that a value of the column stands for: itself, a path, an address, or the `{bytes, path}` of Hugging
   * Face's images.
   *
   * @param value the value
   * @param input the row's file, or its address
   * @throws {Broken} where there are none that may be looked at
   */
  async bytes(
    value: unknown,
    input: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (value instanceof Uint8Array) return checked(value.slice());
    if (typeof value === "string" && value !== "") {
      return await this.#file(value, input);
    }
    if (!isJsonObject(value)) throw new Broken("empty");
    const { bytes, path } = value;
    return await this.bytes(bytes ?? path, input);
  }

  async #file(
    name: string,
    input: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#folder === undefined && /^(https?|s3):\/\//i.test(input)) {
      return await this.#fetched(name, input);
    }
    const root = await this.#root(this.#folder ?? dirname(input));
    const named = resolve(root, localName(name));
    this.#files.set(named, { path: named });
    const path = await orMissing(Deno.realPath(named));
    // Links were followed: what counts is where the file itself lies.
    const within = root.endsWith(sep) ? root : root + sep;
    if (!path.startsWith(within)) {
      this.#files.delete(named);
      throw new Broken("outside");
    }
    const info = await orMissing(Deno.stat(path));
    this.#files.set(named, pictureFile(named, info));
    const { isFile, size } = info;
    if (!isFile) throw new Broken("notPicture");
    if (size > MOST_BYTES) throw new Broken("tooLarge");
    return checked(await orMissing(Deno.readFile(path)));
  }

  #root(folder: string): Promise<string> {
    let root = this.#roots.get(folder);
    if (root === undefined) {
      root = Deno.realPath(folder).catch((cause) => {
        throw new DbksvdError("usage", "The pictures' folder cannot be read", {
          where: { file: folder },
          mend: "give a folder that is there with --image-dir",
          cause,
        });
      });
      this.#roots.set(folder, root);
    }
    return root;
  }

  // Under the folder of an input that came from the web; the page itself never asks for anything.
  async #fetched(
    name: string,
    input: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const place = input.startsWith("s3://")
      ? s3File(nameUnder(name, input))
      : withHubToken(
        remotePlace(urlUnder(name, input), InputHeaders.of([input])),
      );
    const signal = this.#signal;
    const options = { signal, retry: { attempts: ATTEMPTS } };
    try {
      return await new Connection(place, options).persist(async (attempt) =>
        await attempt.bytes(await attempt.ask({}), MOST_BYTES)
      );
    } catch (error) {
      if (error instanceof DbksvdError) throw new Broken("unreachable");
      throw error;
    }
  }
}

function urlUnder(name: string, input: string): string {
  const folder = new URL(".", input);
  const url = URL.parse(name, folder);
  const under = url !== null && url.origin === folder.origin &&
    url.pathname.startsWith(folder.pathname) &&
    !/%2f|%5c/i.test(url.pathname);
  if (!under) throw new Broken("outside");
  return url.href;
}

// Keys of a bucket are no URLs: nothing in them is escaped.
function nameUnder(name: string, input: string): string {
  const [, bucket, key] = /^(s3:\/\/[^/]+)\/(.*)$/s.exec(input)!;
  const folder = posix.join("/", key, "..", "/");
  const own = name.startsWith(`${bucket}/`) ? name.slice(bucket.length) : name;
  const path = posix.resolve(folder, own);
  const isElsewhere = /^[a-z][a-z0-9+.-]*:\/\//i.test(own);
  if (isElsewhere || !path.startsWith(folder)) throw new Broken("outside");
  return bucket + path;
}

// Bytes of a text are no picture, and those of one that is valid as text come as text.
function checked(
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) throw new Broken("empty");
  if (bytes.length > MOST_BYTES) throw new Broken("tooLarge");
  return bytes;
}

function localName(name: string): string {
  if (/^file:\/\//i.test(name)) {
    try {
      return fileURLToPath(name);
    } catch {
      throw new Broken("outside");
    }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) throw new Broken("outside");
  if (name.includes("\0")) throw new Broken("missing");
  return name;
}

// One picture that cannot be had is no reason to look at none.
async function orMissing<T>(found: Promise<T>): Promise<T> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new Broken("missing");
  }
}
