import { join } from "node:path";
import { writeAll } from "../../files/atomic.ts";

/** Bytes of a spooled file that are read at a time: a multiple of all records' sizes. */
const CHUNK = 12 * 65_536;

/** Numbers on disk until their count is known, which the head of the file that they are for has to tell. */
export class Spool {
  /** Bytes so far. */
  length = 0;
  #file: Deno.FsFile;

  private constructor(readonly path: string, file: Deno.FsFile) {
    this.#file = file;
  }

  /** A spool in a directory. */
  static async in(directory: string, name: string): Promise<Spool> {
    const path = join(directory, name);
    const file = await Deno.open(path, {
      ...{ createNew: true, read: true, write: true },
    });
    return new Spool(path, file);
  }

  /** Adds numbers. */
  async write(
    numbers: Uint32Array | Uint16Array | Float16Array,
  ): Promise<void> {
    const { buffer, byteOffset, byteLength } = numbers;
    await writeAll(
      this.#file,
      new Uint8Array(buffer, byteOffset, byteLength),
    );
    this.length += byteLength;
  }

  /** All of it, in pieces, as often as wanted. */
  async *read(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < this.length;) {
      const piece = new Uint8Array(Math.min(CHUNK, this.length - at));
      await this.#file.seek(at, Deno.SeekMode.Start);
      for (let filled = 0; filled < piece.length;) {
        const count = await this.#file.read(piece.subarray(filled));
        if (count === null) throw new Error("the spooled file was cut off");
        filled += count;
      }
      yield piece;
      at += piece.length;
    }
  }

  close(): void {
    this.#file.close();
  }
}
