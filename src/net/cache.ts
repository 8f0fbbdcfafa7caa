import { createHash } from "node:crypto";
import { join } from "node:path";
import { warnOnce } from "./notices.ts";

/** Which block of which version of a file. */
export interface BlockKey {
  url: string;
  version: string;
  index: number;
}

const CHECKSUM_BYTES = 32;
/** Names of blocks, and of those that are being written: whatever else lies in the directory is somebody else's. */
const BLOCK = /^[0-9a-f]{64}\.block$/;
const UNFINISHED = /^[0-9a-f]{64}\.block\.[0-9a-f-]{36}\.tmp$/;
/** A file that its writer has not finished in this time was left by one that was killed. */
const REMAINS_MS = 3_600_000;

/**
 * Blocks of remote files in a directory, the least recently used removed beyond a size. Several processes may share it.
 * Each file begins with the SHA-256 of its key and its bytes: a damaged block, or another file's, is as good as none.
 */
export class BlockCache {
  #bytes: number | undefined;

  /**
   * @param directory made where it is missing
   * @param limit bytes that the blocks may take together
   */
  constructor(
    readonly directory: string,
    readonly limit: number,
    readonly onNotice?: (notice: string) => void,
  ) {}

  /** A block of the length expected, if it is there and sound. */
  async get(
    key: BlockKey,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#path(key);
    try {
      const file = await Deno.readFile(path);
      if (file.length !== CHECKSUM_BYTES + length) return undefined;
      const bytes = file.slice(CHECKSUM_BYTES);
      const stored = file.subarray(0, CHECKSUM_BYTES);
      if (!checksumOf(key, bytes).equals(stored)) return undefined;
      await Deno.utime(path, new Date(), new Date()).catch(() => {});
      return bytes;
    } catch {
      // Not there, not to be read, removed by another process: it is fetched.
      return undefined;
    }
  }

  /** Keeps a block, where there is room for it. */
  async put(key: BlockKey, bytes: Uint8Array): Promise<void> {
    const path = this.#path(key);
    // Whole or not at all, whoever else writes or reads it.
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    try {
      await Deno.mkdir(this.directory, { recursive: true });
      await Deno.writeFile(temporary, checksumOf(key, bytes));
      await Deno.writeFile(temporary, bytes, { append: true });
      await Deno.rename(temporary, path);
      this.#bytes = this.#bytes === undefined
        ? await this.#removeRemains()
        : this.#bytes + CHECKSUM_BYTES + bytes.length;
      if (this.#bytes > this.limit) await this.#evict();
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      const reason = error instanceof Error ? error.message : String(error);
      warnOnce(
        this.onNotice,
        `${this.directory}: nothing is kept there, ${reason}`,
      );
    }
  }

  async #evict() {
    const files = (await this.#list(BLOCK)).sort((a, b) => a.used - b.used);
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files) {
      if (total <= this.limit) break;
      await Deno.remove(path).catch(() => {});
      total -= size;
    }
    this.#bytes = total;
  }

  // Returns the bytes that all blocks take.
  async #removeRemains(): Promise<number> {
    for (const { path, used } of await this.#list(UNFINISHED)) {
      if (Date.now() - used > REMAINS_MS) await Deno.remove(path);
    }
    return (await this.#list(BLOCK)).reduce((sum, f) => sum + f.size, 0);
  }

  async #list(
    names: RegExp,
  ): Promise<{ path: string; size: number; used: number }[]> {
    const files = [];
    for await (const { name } of Deno.readDir(this.directory)) {
      if (!names.test(name)) continue;
      const path = join(this.directory, name);
      // Another process may have removed it meanwhile.
      const info = await Deno.stat(path).catch(() => undefined);
      if (info === undefined) continue;
      files.push({ path, size: info.size, used: info.mtime?.getTime() ?? 0 });
    }
    return files;
  }

  #path({ url, version, index }: BlockKey): string {
    const name = createHash("sha256").update(`${url}\n${version}\n${index}`);
    return join(this.directory, `${name.digest("hex")}.block`);
  }
}

function checksumOf({ url, version, index }: BlockKey, bytes: Uint8Array) {
  return createHash("sha256").update(`${url}\n${version}\n${index}\n`)
    .update(bytes).digest();
}
