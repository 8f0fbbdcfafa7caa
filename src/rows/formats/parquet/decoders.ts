import type { ByteSource, SyncBytes } from "../../../files/bytes.ts";
import { PageDecoder } from "../../../parquet/read/decode.ts";
import type { Fault } from "../../../parquet/read/fault.ts";
import type { RowRange } from "../../block_store.ts";
import type { Part } from "../../part.ts";

/**
 * Decoded pages that are kept in this thread: scalar columns come back to many. Of others the last one is, which a
 * batch may end within: what is let go of soon leaves memory that is still cached to the next.
 */
const SCALAR_CACHE_BYTES = 64 * 2 ** 20;

/** Rows of scalar columns, decoded together. */
export interface DecodedBlock extends RowRange {
  part: Part;
  data: Float32Array;
  faults: Fault[];
}

/** This thread's decoder: only the file read last has one, so that only its pages are kept. */
export class Decoders {
  /** The rows of scalar columns decoded last. */
  block?: DecodedBlock | undefined;
  #source: ByteSource | undefined;
  #decoder: PageDecoder | undefined;

  /** The decoder of a file. */
  of(source: ByteSource & SyncBytes, scalar: boolean): PageDecoder {
    if (this.#source !== source || this.#decoder === undefined) {
      this.#source = source;
      const cacheBytes = scalar ? SCALAR_CACHE_BYTES : 0;
      this.#decoder = new PageDecoder(source, cacheBytes);
    }
    return this.#decoder;
  }
}
