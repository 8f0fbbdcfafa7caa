import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import { bytesOf } from "../bytes.ts";
import { openRowFiles } from "./open.ts";
import { requireKnownOptions } from "../unknown_options.ts";
import { type OpenRowsOptions, ROW_OPTIONS } from "./options.ts";
import type { RowSource } from "./source.ts";
import { Spool } from "./spool.ts";

/** Up to this many bytes of rows stay in memory. */
const HELD_BYTES = 64 * 2 ** 20;

/** How rows of {@linkcode rowsFrom} are taken. */
export interface RowsFromOptions extends
  Pick<
    OpenRowsOptions,
    | "maxRows"
    | "skipInvalid"
    | "unitNorm"
    | "maxNormQuantile"
    | "spoolDir"
    | "signal"
  > {
  /** Dimensions of a row. */
  width: number;
}

/**
 * Rows that come one after the other, as a source that can be gone through again: up to 64 MiB are held in memory,
 * what is more is spooled to a file that `close()` removes.
 *
 * @param chunks whole rows each: rows × width values
 * @param options the width, and how rows are prepared
 * @returns the source; close it when done
 * @throws {DbksvdError} `data` where a chunk is no whole number of rows or there are none, `run` where there is no room
 *
 * @example
 * ```ts
 * import { rowsFrom } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * async function* activations() {
 *   for (let i = 0; i < 10; i++) yield Float32Array.of(i, i + 1, i + 2, i + 3);
 * }
 * const rows = await rowsFrom(activations(), { width: 2 });
 * assert.equal(rows.rowCount, 20);
 * await rows.close();
 * ```
 */
export async function rowsFrom(
  chunks: AsyncIterable<ArrayLike<number>> | Iterable<ArrayLike<number>>,
  options: RowsFromOptions,
): Promise<RowSource> {
  requireKnownOptions(options, ROW_OPTIONS, "rowsFrom()");
  const { width, spoolDir, signal } = options;
  const collected = new Collected(spoolDir);
  try {
    let row = 0;
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      if (!(width > 0) || chunk.length % width !== 0) {
        throw new DbksvdError(
          "data",
          `${chunk.length} values do not make rows of ${width}`,
          { where: { row }, mend: "give rows × width values at a time" },
        );
      }
      await collected.add(
        chunk instanceof Float32Array
          ? chunk.slice()
          : Float32Array.from(chunk),
      );
      row += chunk.length / width;
    }
  } catch (error) {
    collected.remove();
    throw error;
  }
  const found = { source: collected.source(), format: "raw" as const };
  return await openRowFiles([found], options);
}

class Collected {
  #held: Float32Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #spool: Spool | undefined;

  constructor(readonly folder: string | undefined) {}

  async add(rows: Float32Array<ArrayBuffer>) {
    this.#held.push(rows);
    this.#bytes += rows.byteLength;
    if (this.#spool === undefined && this.#bytes <= HELD_BYTES) return;
    this.#spool ??= await Spool.create(this.folder);
    for (const held of this.#held.splice(0)) this.#spool.write(bytesOf(held));
  }

  source(): ByteSource {
    if (this.#spool !== undefined) return this.#spool.source("(rows)");
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const rows of this.#held) {
      bytes.set(bytesOf(rows), at);
      at += rows.byteLength;
    }
    return {
      path: "(rows)",
      size: bytes.length,
      read: (offset, length) =>
        Promise.resolve(bytes.slice(offset, offset + length)),
      close: () => {},
    };
  }

  remove() {
    this.#spool?.remove();
  }
}
