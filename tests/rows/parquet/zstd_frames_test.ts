import assert from "node:assert/strict";
import { constants, zstdCompressSync } from "node:zlib";
import { randomStream } from "../../../src/random.ts";
import { decompress } from "../../../src/parquet/read/codecs.ts";
import { areZstdFrames } from "../../../src/parquet/read/zstd_frames.ts";

/** Half noise, half sameness: blocks of every kind. */
function contents(length: number): Uint8Array<ArrayBuffer> {
  const random = randomStream(length, "zstd");
  return Uint8Array.from(
    { length },
    (_, i) => i % 8192 < 4096 ? random.integer(256) : 7,
  );
}

function compressed(
  bytes: Uint8Array,
  params: Record<number, number> = {},
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(zstdCompressSync(bytes, { params }));
}

Deno.test("decompress() reads Zstandard pages of any size, with a checksum or none", () => {
  for (
    const length of [1, 100, 4097, 65_536, 100_000, 131_073, 262_144, 700_001]
  ) {
    const bytes = contents(length);
    for (const checksum of [0, 1]) {
      const page = compressed(bytes, {
        [constants.ZSTD_c_checksumFlag]: checksum,
      });
      assert.deepEqual(decompress("ZSTD", page, length), bytes);
    }
  }
});

Deno.test("decompress() refuses Zstandard pages that break off anywhere, or go on behind their end", () => {
  const page = compressed(contents(3000));
  for (let length = 1; length < page.length; length++) {
    assert.throws(() => decompress("ZSTD", page.slice(0, length), 3000));
  }
  for (const behind of [0, 0x28, 0xFF]) {
    const longer = Uint8Array.from([...page, behind]);
    assert.throws(() => decompress("ZSTD", longer, 3000), /damaged/);
  }
});

Deno.test("areZstdFrames() takes several frames and skippable ones", () => {
  const frame = compressed(contents(500));
  const skippable = [0x53, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9];
  assert(areZstdFrames(Uint8Array.from([...frame, ...skippable, ...frame])));
  assert(!areZstdFrames(Uint8Array.from([...frame, ...skippable.slice(0, 9)])));
  assert(!areZstdFrames(Uint8Array.from([1, 2, 3, 4, 5, 6])));
});
