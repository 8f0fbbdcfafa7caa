import { constants, zstdCompress } from "node:zlib";
import { promisify } from "node:util";
import type { CompressionCodec } from "hyparquet";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";

/** Compression of a Parquet file that is written. */
export type Compression = "zstd" | "snappy" | "none";

/** Compresses a page. */
export type Compress = (
  bytes: Uint8Array,
) => Uint8Array | Promise<Uint8Array>;

const zstd = promisify(zstdCompress);

/** What Parquet calls a compression, and what does it; zstd works off this thread. */
export function codecOf(
  compression: Compression,
): { codec: CompressionCodec; compress?: Compress } {
  switch (compression) {
    case "zstd":
      return {
        codec: "ZSTD",
        compress: (bytes) =>
          zstd(bytes, {
            params: { [constants.ZSTD_c_compressionLevel]: 1 },
          }),
      };
    case "snappy":
      return { codec: "SNAPPY", compress: snappyCompress };
    case "none":
      return { codec: "UNCOMPRESSED" };
  }
}
