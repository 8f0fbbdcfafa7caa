import {
  closeSync,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { DbksvdError } from "../errors.ts";
import { kindOf } from "./text.ts";

/** Bytes at hand, or a read call away: what the decoders read from. */
export interface SyncBytes {
  /** Fills `into` with the bytes from `offset` on. */
  readSync(offset: number, into: Uint8Array): void;
}

/** A file to read ranges of, local or remote. */
export interface ByteSource {
  /** As given, without credentials: for messages. */
  readonly path: string;
  readonly size: number;
  /** Where the file is local: its path, which a worker can open itself. */
  readonly localPath?: string;
  /** The date of the last change, or a server's validator, where there is one. */
  readonly stamp?: string | undefined;
  /** The bytes from `offset` on, `length` of them. */
  read(
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Refuses a file that is not the one that was opened any more.
   *
   * @param every milliseconds within which it is not looked at again
   */
  requireUnchanged?(every?: number): void;
  close(): void;
}

/** Bytes of a range that were read before, addressed by their place in the file. */
export function heldBytes(offset: number, bytes: Uint8Array): SyncBytes {
  return {
    readSync(from, into) {
      const start = from - offset;
      if (start < 0 || start + into.length > bytes.length) {
        throw new RangeError(`Bytes ${from} … were not read ahead`);
      }
      into.set(bytes.subarray(start, start + into.length));
    },
  };
}

/** Files open at once, at most; others are opened again when they are read. */
const OPEN_FILES = 128;
const openFiles = new Set<LocalFile>();

/** A local file, read by position; reads of a shortened file are refused. */
export class LocalFile implements ByteSource, SyncBytes {
  readonly size: number;
  readonly localPath: string;
  readonly stamp: string;
  readonly #node: string;
  #lookedAt = performance.now();
  #descriptor: number | undefined;

  readonly path: string;

  /**
   * Opens a file for reading.
   *
   * @param location its path
   * @param name what it is called in messages
   */
  constructor(location: string, name = location) {
    this.path = name;
    this.localPath = location;
    // Looked at before it is opened: the opening of a pipe waits for whoever writes to it.
    const found = this.#look();
    if (found !== undefined && !found.isFile()) {
      const kind = kindOf({
        isDirectory: found.isDirectory(),
        isFifo: found.isFIFO(),
        isSocket: found.isSocket(),
      });
      throw unreadable(name, new Error(`it is ${kind}`));
    }
    const stat = fstatSync(this.#open());
    this.size = stat.size;
    this.stamp = String(stat.mtimeMs);
    this.#node = nodeOf(stat);
  }

  /** Fills `into` with the bytes from `offset` on. */
  readSync(offset: number, into: Uint8Array): void {
    const descriptor = this.#open();
    for (let done = 0; done < into.length;) {
      const left = into.length - done;
      const count = this.#readSome(descriptor, into, done, left, offset + done);
      if (count === 0) {
        throw new DbksvdError("data", "File ends early", {
          where: { file: this.path },
          mend: "it was cut off or changed while it was read; write it again",
        });
      }
      done += count;
    }
  }

  #look(): Stats | undefined {
    try {
      return statSync(this.localPath, { throwIfNoEntry: false });
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  #readSome(
    descriptor: number,
    into: Uint8Array,
    at: number,
    length: number,
    offset: number,
  ): number {
    try {
      return readSync(descriptor, into, at, length, offset);
    } catch (error) {
      // A disk that fails, a mount that is gone.
      throw unreadable(this.path, error);
    }
  }

  /** The bytes from `offset` on. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve) => {
      const bytes = new Uint8Array(length);
      this.readSync(offset, bytes);
      resolve(bytes);
    });
  }

  /** See {@linkcode ByteSource.requireUnchanged}: its size, its date and what its name leads to. */
  requireUnchanged(every = 0): void {
    const now = performance.now();
    if (now - this.#lookedAt < every) return;
    this.#lookedAt = now;
    const stat = statSync(this.localPath, { throwIfNoEntry: false });
    // Removed, it is still read as it was.
    if (stat === undefined) return;
    const same = stat.size === this.size &&
      String(stat.mtimeMs) === this.stamp && nodeOf(stat) === this.#node;
    if (same) return;
    throw new DbksvdError("data", "File changed while it was read", {
      where: { file: this.path },
      mend: "run again when nothing writes to it",
    });
  }

  /** Closes the file; reading opens it again. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    openFiles.delete(this);
  }

  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    for (const oldest of openFiles) {
      if (openFiles.size < OPEN_FILES) break;
      oldest.close();
    }
    this.#descriptor = this.#openNow();
    openFiles.add(this);
    return this.#descriptor;
  }

  // Where the system allows fewer open files than wanted, others are closed for this one.
  #openNow(): number {
    for (;;) {
      try {
        return openSync(this.localPath, "r");
      } catch (error) {
        const [oldest] = openFiles;
        const isFull = (error as { code?: string }).code === "EMFILE";
        if (!isFull || oldest === undefined) throw unreadable(this.path, error);
        oldest.close();
      }
    }
  }
}

function nodeOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`;
}

/** What the system said when a file or a folder could not be read, as an error that names it. */
export function unreadable(
  path: string,
  error: unknown,
  what: "File" | "Folder" = "File",
): DbksvdError {
  const { code } = error as { code?: string };
  const message = (error as Error).message;
  return new DbksvdError(
    "data",
    code === "ENOENT"
      ? `${what} not found`
      : `${what} cannot be read, ${message}`,
    {
      where: { file: path },
      mend: code === "EMFILE"
        ? "allow more open files: ulimit -n 1024"
        : code === "EIO"
        ? "the disk or the mount fails; see the system's log"
        : "check the path and its permissions",
      cause: error,
    },
  );
}
