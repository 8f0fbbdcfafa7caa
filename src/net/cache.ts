import { createHash } from "node:crypto";
import { join } from "node:path";

/** Which block of which version of a file. */
export interface BlockKey {
  url: string;
  version: string;
  index: number;
}

/** Blocks of remote files in a directory, the least recently used removed beyond a size. Several processes may share it. */
export class BlockCache {
  #bytes?: number;

  /**
   * @param directory made where it is missing
   * @param limit bytes that the blocks may take together
   */
  constructor(readonly directory: string, readonly limit: number) {}

  /** A block of the length expected, if it is there. */
  async get(
    key: BlockKey,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#path(key);
    try {
      const bytes = await Deno.readFile(path);
      if (bytes.length !== length) return undefined;
      await Deno.utime(path, new Date(), new Date());
      return bytes;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Keeps a block. */
  async put(key: BlockKey, bytes: Uint8Array): Promise<void> {
    await Deno.mkdir(this.directory, { recursive: true });
    const path = this.#path(key);
    // Whole or not at all, whoever else writes or reads it.
    const temporary = `${path}.${Deno.pid}.tmp`;
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
    this.#bytes ??= (await this.#list()).reduce((sum, f) => sum + f.size, 0);
    this.#bytes += bytes.length;
    if (this.#bytes > this.limit) await this.#evict();
  }

  async #evict() {
    const files = (await this.#list()).sort((a, b) => a.used - b.used);
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files) {
      if (total <= this.limit) break;
      await Deno.remove(path).catch(() => {});
      total -= size;
    }
    this.#bytes = total;
  }

  async #list(): Promise<{ path: string; size: number; used: number }[]> {
    const files = [];
    for await (const { name } of Deno.readDir(this.directory)) {
      if (!name.endsWith(".block")) continue;
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
