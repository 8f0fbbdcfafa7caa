import assert from "node:assert/strict";
import fc from "fast-check";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";
import {
  allEqual,
  bitsFor,
  decodeRuns,
  regularLists,
  type Runs,
} from "../../../src/parquet/read/levels.ts";

/** Levels cut into runs: repeated ones where they repeat and a coin says so, else packed by eights. */
function encode(
  levels: readonly number[],
  bitWidth: number,
  coins: readonly boolean[],
): Runs {
  const bytes: number[] = [];
  const varint = (value: number) => {
    for (; value >= 128; value = Math.floor(value / 128)) {
      bytes.push(value % 128 + 128);
    }
    bytes.push(value);
  };
  for (let at = 0, coin = 0; at < levels.length; coin++) {
    let count = 1;
    while (levels[at + count] === levels[at]) count++;
    if (coins[coin % coins.length]) {
      varint(count * 2);
      for (let bits = 0; bits < bitWidth; bits += 8) {
        bytes.push(Math.floor(levels[at] / 2 ** bits) % 256);
      }
      at += count;
    } else {
      const groups = Math.min(
        1 + coin % 3,
        Math.ceil((levels.length - at) / 8),
      );
      varint(groups * 2 + 1);
      const packed = new Uint8Array(groups * bitWidth);
      for (let i = 0; i < groups * 8; i++) {
        for (let bit = 0; bit < bitWidth; bit++) {
          const set = Math.floor((levels[at + i] ?? 0) / 2 ** bit) % 2;
          packed[(i * bitWidth + bit) >> 3] |= set <<
            ((i * bitWidth + bit) & 7);
        }
      }
      bytes.push(...packed);
      at += groups * 8;
    }
  }
  return {
    bytes: Uint8Array.from(bytes),
    start: 0,
    end: bytes.length,
    bitWidth,
  };
}

const coins = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });

Deno.test("decodeRuns() decodes as hyparquet does, at every width", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 24 }),
      fc.array(fc.nat(), { maxLength: 80 }),
      fc.nat({ max: 5 }),
      coins,
      (bitWidth, numbers, repeat, coins) => {
        const levels = numbers.flatMap((x) =>
          Array(repeat + 1).fill(x % 2 ** bitWidth)
        );
        const runs = encode(levels, bitWidth, coins);
        const out = new Uint32Array(levels.length);
        decodeRuns(runs, out);
        assert.deepEqual([...out], levels);
        const theirs = new Array(levels.length);
        readRleBitPackedHybrid(
          { view: new DataView(runs.bytes.buffer), offset: 0 },
          bitWidth,
          theirs,
          runs.end,
        );
        assert.deepEqual(theirs, levels);
      },
    ),
    { seed: 1 },
  );
});

Deno.test("allEqual() and regularLists() agree with looking at every level", () => {
  const lists = fc.array(fc.integer({ min: 0, max: 12 }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      lists,
      fc.boolean(),
      fc.nat({ max: 11 }),
      fc.integer({ min: 1, max: 2 }),
      coins,
      (width, lengths, full, cut, inner, coins) => {
        // Mostly full lists: now and then one of another length.
        const all = lengths.flatMap((length, i) =>
          Array.from({
            length: full || i % 4 < 3 ? width : Math.max(1, length),
          }, (_, j) => j === 0 ? (i * 7 % 3) % inner : inner)
        );
        const phase = cut % width;
        const levels = all.slice(phase);
        const runs = encode(levels, bitsFor(inner), coins);
        const regular = levels.every((level, i) =>
          (phase + i) % width === 0 ? level < inner : level === inner
        );
        assert.equal(
          regularLists(runs, levels.length, phase, width, inner),
          regular,
        );
        assert.equal(
          allEqual(runs, levels.length, inner),
          levels.every((level) => level === inner),
        );
        assert.equal(
          allEqual(
            encode(levels.map(() => inner), bitsFor(inner), coins),
            levels.length,
            inner,
          ),
          true,
        );
      },
    ),
    { seed: 2, numRuns: 500 },
  );
});

Deno.test("Runs that end early, overrun their page or never end are refused", () => {
  const out = new Uint8Array(100);
  const refused = (...bytes: number[]) =>
    assert.throws(
      () =>
        decodeRuns({
          bytes: Uint8Array.from(bytes),
          start: 0,
          end: bytes.length,
          bitWidth: 1,
        }, out),
      Error,
    );
  refused();
  refused(200); // a length that goes on
  refused(40, 1); // 20 values, then nothing
  refused(202, 1, 1); // 101 values
  refused(255, 255, 255, 255, 255, 1);
  refused(27, 255, 255); // 13 packed groups, two bytes
});
