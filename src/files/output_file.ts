import { dirname } from "node:path";
import { DbksvdError } from "../errors.ts";
import {
  flushDirectory,
  temporarySibling,
  writeAll,
  writeError,
} from "./atomic.ts";

/** A file without a name, for what does not fit in memory: it is gone once it is closed, or with its process. */
export class Scratch {
  readonly #file: Deno.FsFile;
  readonly #beside: string;

  /** @param beside the output that it serves, for messages */
  constructor(file: Deno.FsFile, beside: string) {
    this.#file = file;
    this.#beside = beside;
  }

  /** Writes at the end. */
  write(bytes: Uint8Array): void {
    try {
      this.#file.seekSync(0, Deno.SeekMode.End);
      for (let at = 0; at < bytes.length;) {
        at += this.#file.writeSync(bytes.subarray(at));
      }
    } catch (cause) {
      throw writeError(this.#beside, cause);
    }
  }

  /** Reads as many bytes as `into` takes, from `offset` on. */
  read(offset: number, into: Uint8Array): void {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < into.length;) {
      const read = this.#file.readSync(into.subarray(at));
      if (read === null) throw new Error("What was put aside is cut off");
      at += read;
    }
  }

  /** Gives its room back. */
  close(): void {
    this.#file.close();
  }
}

/** A file in the making, written piece by piece: nothing is at its name before {@linkcode OutputFile.finish}. */
export class OutputFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: Deno.FsFile;
  /** Bytes written so far, from its beginning on. */
  bytes: number;

  private constructor(
    path: string,
    temporary: string,
    file: Deno.FsFile,
    bytes: number,
  ) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.bytes = bytes;
  }

  /**
   * Opens a temporary file beside `path`.
   *
   * @throws {DbksvdError} `usage` where a directory is there, `run` where the file system refuses
   */
  static async create(path: string): Promise<OutputFile> {
    const temporary = temporarySibling(path);
    await refuseDirectory(path);
    try {
      const file = await Deno.open(temporary, { write: true, createNew: true });
      return new OutputFile(path, temporary, file, 0);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** The same with the contents of another file, to be overwritten in places. */
  static async copyOf(source: string, path: string): Promise<OutputFile> {
    const temporary = temporarySibling(path);
    await refuseDirectory(path);
    try {
      await Deno.copyFile(source, temporary);
      // The copy of a file that nobody may write is one too.
      const { mode } = await Deno.stat(temporary);
      if (mode !== null) await Deno.chmod(temporary, mode & 0o777 | 0o200);
      const file = await Deno.open(temporary, { write: true });
      const { size } = await file.stat();
      return new OutputFile(path, temporary, file, size);
    } catch (cause) {
      await removeIfThere(temporary);
      throw writeError(path, cause);
    }
  }

  /** Opens a file without a name on the same disk. */
  async scratch(): Promise<Scratch> {
    const path = temporarySibling(this.#path);
    try {
      const options = { read: true, write: true, createNew: true };
      const file = await Deno.open(path, options);
      await Deno.remove(path);
      return new Scratch(file, this.#path);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Writes at the end. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(this.#file, bytes);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
    this.bytes += bytes.length;
  }

  /** Writes over what is there, from a byte on. */
  async writeOver(offset: number, bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.seek(offset, Deno.SeekMode.Start);
      await writeAll(this.#file, bytes);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Flushes the file to disk and gives it its name. */
  async finish(): Promise<void> {
    try {
      await this.#file.sync();
      this.#file.close();
      await Deno.rename(this.#temporary, this.#path);
      await flushDirectory(dirname(this.#path));
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Closes and removes what was written. */
  async abandon(): Promise<void> {
    try {
      this.#file.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await removeIfThere(this.#temporary);
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

// The rename at the end would find it out too, after all the work.
async function refuseDirectory(path: string): Promise<void> {
  const { isDirectory } = await Deno.stat(path).catch(() => ({
    isDirectory: false,
  }));
  if (!isDirectory) return;
  throw new DbksvdError("usage", "The output is a directory", {
    where: { file: path },
    mend: "name a file",
  });
}
