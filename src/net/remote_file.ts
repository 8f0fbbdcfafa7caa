import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import type { BlockCache } from "./cache.ts";
import type { FileVersion, Transfer } from "./transfer.ts";

/** Files are fetched in blocks of this size, each once as long as it is held. */
export const BLOCK_BYTES = 4 * 2 ** 20;
/** Blocks held in memory, over all files. */
const HELD_BLOCKS = 32;

type Block = Promise<Uint8Array<ArrayBuffer>>;
const held = new Map<string, Block>();

let opened = 0;

/** A file on a web server. */
export class RemoteFile implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly #key: string;
  readonly stamp: string | undefined;

  constructor(
    readonly transfer: Transfer,
    readonly version: FileVersion,
    readonly cache: BlockCache | undefined,
  ) {
    this.path = transfer.place.name;
    this.size = version.size;
    // What has no version is never taken for what was read before.
    const { etag } = version;
    const known = etag === "" ? `#${opened++}` : `${etag}\0${this.size}`;
    this.#key = `${transfer.place.url}\0${known}`;
    this.stamp = etag || undefined;
  }

  /** The bytes from `offset` on. */
  async read(
    offset: number,
    length: number,
    signal?: AbortSignal | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const end = offset + length;
    if (end > this.size) {
      throw new DbksvdError("data", "File ends early", {
        where: { file: this.path },
        mend: "it was cut off; upload it again",
      });
    }
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor(Math.max(offset, end - 1) / BLOCK_BYTES);
    const bytes = new Uint8Array(length);
    const indices = Array.from(
      { length: last - first + 1 },
      (_, i) => first + i,
    );
    await Promise.all(indices.map(async (index) => {
      const block = await this.#block(index, signal);
      const start = index * BLOCK_BYTES;
      const from = Math.max(offset, start);
      const to = Math.min(end, start + block.length);
      bytes.set(block.subarray(from - start, to - start), from - offset);
    }));
    return bytes;
  }

  /** Forgets nothing: blocks are shared. */
  close(): void {}

  #block(index: number, signal?: AbortSignal | undefined): Block {
    const key = `${this.#key}\0${index}`;
    let block = held.get(key);
    if (block === undefined) {
      block = this.#load(index, signal);
      block.catch(() => held.delete(key));
    }
    // Last in the map is last used.
    held.delete(key);
    held.set(key, block);
    for (const oldest of held.keys()) {
      if (held.size <= HELD_BLOCKS) break;
      held.delete(oldest);
    }
    return block;
  }

  async #load(index: number, signal?: AbortSignal | undefined): Block {
    const start = index * BLOCK_BYTES;
    const end = Math.min(this.size, start + BLOCK_BYTES);
    const { url } = this.transfer.place;
    const { etag } = this.version;
    const cache = etag === "" ? undefined : this.cache;
    const key = { url, version: `${etag} ${this.size}`, index };
    const stored = await cache?.get(key, end - start);
    if (stored !== undefined) return stored;
    const bytes = await this.transfer.fetch(start, end, this.version, signal);
    await cache?.put(key, bytes);
    return bytes;
  }
}

/** A file on a server that does not give ranges, fetched whole. */
export class WholeRemoteFile implements ByteSource {
  readonly path: string;
  readonly size: number;

  constructor(path: string, readonly bytes: Uint8Array<ArrayBuffer>) {
    this.path = path;
    this.size = bytes.length;
  }

  /** The bytes from `offset` on. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(this.bytes.slice(offset, offset + length));
  }

  /** Nothing is open. */
  close(): void {}
}
