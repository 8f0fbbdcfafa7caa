import { dirname, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { type ByteSource, LocalFile, type SyncBytes } from "../files/bytes.ts";

const PREFIX = "dbksvd-spool-";
const NAME = /^dbksvd-spool-[^.]*\.rows$/;

/**
 * A file of rows that come only once. It is removed when its source is closed, or by the next run that spools in its
 * folder where this one does not live to do so: the kernel's lock on it ends with its process.
 */
export class Spool {
  #size = 0;

  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /**
   * Begins a spool.
   *
   * @param folder where; the system's folder for temporary files by default
   * @throws {DbksvdError} `run` where nothing can be written there
   */
  static async create(folder?: string): Promise<Spool> {
    try {
      if (folder !== undefined) await Deno.mkdir(folder, { recursive: true });
      const path = await Deno.makeTempFile({
        ...(folder !== undefined && { dir: folder }),
        prefix: PREFIX,
        suffix: ".rows",
      });
      const file = await Deno.open(path, { read: true, write: true });
      await file.tryLock(true).catch(() => undefined);
      await removeAbandoned(dirname(path), path);
      return new Spool(path, file);
    } catch (cause) {
      throw cannotSpool(folder ?? "the folder for temporary files", cause);
    }
  }

  /** Bytes that it holds. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes at the end. */
  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) {
        at += this.file.writeSync(bytes.subarray(at));
      }
    } catch (cause) {
      this.remove();
      throw cannotSpool(this.path, cause);
    }
    this.#size += bytes.length;
  }

  /**
   * What was written, to be read.
   *
   * @param name for messages and records
   */
  source(name: string): ByteSource {
    return new SpooledFile(this, name);
  }

  /** Removes the file. */
  remove(): void {
    try {
      Deno.removeSync(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    try {
      this.file.close();
    } catch {
      // It was removed before.
    }
  }
}

class SpooledFile implements ByteSource, SyncBytes {
  readonly size: number;
  readonly localPath: string;
  readonly #file: LocalFile;

  constructor(readonly spool: Spool, readonly path: string) {
    this.#file = new LocalFile(spool.path, path);
    this.size = this.#file.size;
    this.localPath = spool.path;
  }

  readSync(offset: number, into: Uint8Array): void {
    this.#file.readSync(offset, into);
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#file.read(offset, length);
  }

  close(): void {
    this.#file.close();
    this.spool.remove();
  }
}

// A spool that nobody has locked is of a run that is no more.
async function removeAbandoned(folder: string, own: string) {
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (!NAME.test(name) || path === own) continue;
    try {
      using file = await Deno.open(path, { read: true, write: true });
      if (await file.tryLock(true)) await Deno.remove(path);
    } catch {
      // It is another user's, or was removed meanwhile.
    }
  }
}

function cannotSpool(place: string, cause: unknown): DbksvdError {
  return new DbksvdError(
    "run",
    `Cannot spool rows, ${(cause as Error).message}`,
    {
      where: { file: place },
      mend: "name a folder with room for them with --spool-dir (spoolDir)",
      cause,
    },
  );
}
