import assert from "node:assert/strict";
import fc from "fast-check";
import { compressors } from "hyparquet-compressors";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import { decompress } from "../../../src/parquet/read/codecs.ts";
import { decodeLz4 } from "../../../src/parquet/read/lz4.ts";
import { decodeSnappy } from "../../../src/parquet/read/snappy.ts";

/** Compresses to one LZ4 block: matches found by looking back, else literals. */
function lz4(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  const length = (value: number) => {
    for (; value >= 255; value -= 255) out.push(255);
    out.push(value);
  };
  let literals = 0;
  for (let at = 0; at < bytes.length;) {
    let best = 0;
    let offset = 0;
    for (let back = 1; back <= Math.min(at, 40); back++) {
      let same = 0;
      while (
        at + same < bytes.length - 5 &&
        bytes[at + same] === bytes[at + same - back]
      ) same++;
      if (same > best) [best, offset] = [same, back];
    }
    if (best < 4) {
      at++;
      continue;
    }
    sequence(at, best, offset);
    at += best;
    literals = at;
  }
  sequence(bytes.length, 0, 0);
  return Uint8Array.from(out);

  function sequence(at: number, match: number, offset: number) {
    const count = at - literals;
    out.push(
      Math.min(15, count) << 4 | (offset === 0 ? 0 : Math.min(15, match - 4)),
    );
    if (count >= 15) length(count - 15);
    out.push(...bytes.subarray(literals, at));
    if (offset === 0) return;
    out.push(offset & 255, offset >> 8);
    if (match - 4 >= 15) length(match - 4 - 15);
  }
}

const COMPRESS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  GZIP: (bytes) => gzipSync(bytes),
  BROTLI: (bytes) => brotliCompressSync(bytes),
  ZSTD: (bytes) => zstdCompressSync(bytes),
  SNAPPY: (bytes) => snappyCompress(bytes),
  LZ4_RAW: lz4,
  LZ4: (bytes) => {
    const block = lz4(bytes);
    const framed = new Uint8Array(8 + block.length);
    new DataView(framed.buffer).setUint32(0, bytes.length);
    new DataView(framed.buffer).setUint32(4, block.length);
    framed.set(block, 8);
    return framed;
  },
};

const pages = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 60 })),
  { minLength: 1, maxLength: 30 },
)
  .map((runs) =>
    Uint8Array.from(
      runs.flatMap(([byte, count]) =>
        Array.from({ length: count }, (_, i) => count % 3 ? byte : byte ^ i)
      ),
    )
  );

for (const [codec, compress] of Object.entries(COMPRESS)) {
  Deno.test(`decompress() undoes ${codec}, and refuses other sizes and damage of length`, () => {
    fc.assert(
      fc.property(pages, (page) => {
        const stored = new Uint8Array(compress(page));
        assert.deepEqual(decompress(codec, stored, page.length), page);
        assert.throws(() => decompress(codec, stored, page.length + 1));
        assert.throws(() =>
          decompress(codec, stored, page.length - 1 || 2 ** 30)
        );
        const cut = stored.subarray(0, stored.length - 1);
        assert.throws(() => decompress(codec, cut, page.length));
      }),
      { seed: 3, numRuns: 60 },
    );
  });
}

Deno.test("decompress() refuses what follows on a whole stream", () => {
  const page = new Uint8Array(1000).map((_, i) => i % 19);
  for (const codec of ["BROTLI", "ZSTD"]) {
    const stored = new Uint8Array(COMPRESS[codec](page));
    const longer = new Uint8Array(stored.length + 2);
    longer.set(stored);
    assert.deepEqual(decompress(codec, stored, 1000), page);
    // In a buffer that goes on, as pages are read.
    const within = longer.subarray(0, stored.length);
    assert.deepEqual(decompress(codec, within, 1000), page);
    assert.throws(() => decompress(codec, longer, 1000), /damaged/);
  }
});

Deno.test("decodeSnappy() undoes snappy, and refuses damage or fills what it was given", () => {
  const noise = fc.uint8Array({ minLength: 1, maxLength: 3000 });
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(fc.oneof(pages, noise), damage, (page, [at, bits]) => {
      const stored = new Uint8Array(snappyCompress(page));
      const out = new Uint8Array(page.length);
      decodeSnappy(stored, out);
      assert.deepEqual(out, page);
      for (let end = 0; end < stored.length; end++) {
        assert.throws(() => decodeSnappy(stored.subarray(0, end), out));
      }
      stored[at % stored.length] ^= bits;
      const theirs = orNothing(() => decompressed(stored, page.length));
      const ours = orNothing(() => {
        decodeSnappy(stored, out);
        return out;
      });
      if (ours !== undefined) assert.deepEqual(ours, theirs);
    }),
    { seed: 5, numRuns: 300 },
  );
});

function decompressed(stored: Uint8Array, size: number): Uint8Array {
  return compressors.SNAPPY!(stored, size);
}

function orNothing<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

Deno.test("decodeLz4() undoes LZ4, fills what it was given and no more, and refuses damage or fills it too", () => {
  // Values that repeat soon and at a distance, as vectors of few bits do.
  const values = fc.array(fc.integer({ min: 0, max: 5 }), {
    minLength: 1,
    maxLength: 400,
  })
    .map((values) => Uint8Array.from(values.flatMap((v) => [0, 0, v, 63])));
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.oneof(pages, values), damage, (page, [at, bits]) => {
      const stored = lz4(page);
      const around = new Uint8Array(page.length + 20).fill(77);
      const out = around.subarray(10, 10 + page.length);
      decodeLz4(stored, out);
      assert.deepEqual(out, page);
      // A last sequence may hold nothing.
      for (let end = 0; end < stored.length - 1; end++) {
        assert.throws(() => decodeLz4(stored.subarray(0, end), out));
      }
      stored[at % stored.length] ^= bits;
      const ours = orNothing(() => {
        decodeLz4(stored, out);
        return out;
      });
      const theirs = orNothing(() => {
        const whole = compressors.LZ4_RAW!(stored, page.length);
        return whole.length === page.length ? whole : undefined;
      });
      if (ours !== undefined) assert.deepEqual(ours, theirs);
      const edges = [...around.subarray(0, 10), ...around.subarray(-10)];
      assert.ok(edges.every((byte) => byte === 77));
    }),
    { seed: 6, numRuns: 300 },
  );
});

Deno.test("decodeSnappy() takes literals and copies of every form", () => {
  const out = new Uint8Array(12);
  // A literal of four bytes, then copies with offsets of one, two and four bytes.
  const copies = [[1 | 0 << 2, 4], [2 | 3 << 2, 2, 0], [
    3 | 3 << 2,
    4,
    0,
    0,
    0,
  ]];
  for (const copy of copies) {
    const block = [8, 3 << 2, 1, 2, 3, 4, ...copy];
    decodeSnappy(Uint8Array.from(block), out.subarray(0, 8));
    const second = copy[1] === 2 ? [3, 4, 3, 4] : [1, 2, 3, 4];
    assert.deepEqual([...out.subarray(0, 8)], [1, 2, 3, 4, ...second]);
  }
  for (const bytes of [1, 2, 3, 4]) {
    const size = [9, 0, 0, 0].slice(0, bytes);
    const values = Array.from({ length: 10 }, (_, i) => i);
    const block = [10, 59 + bytes << 2, ...size, ...values];
    decodeSnappy(Uint8Array.from(block), out.subarray(0, 10));
    assert.deepEqual([...out.subarray(0, 10)], values);
  }
});
