import type { RandomStream } from "../../../src/random.ts";
import type { Seed } from "./seeds.ts";

/** Cuts off, flips, overwrites or copies bytes anywhere. */
export function damageBytes(
  bytes: Uint8Array,
  random: RandomStream,
): Uint8Array {
  const kind = random.integer(4);
  if (kind === 0) return bytes.slice(0, random.integer(bytes.length));
  const damaged = bytes.slice();
  if (kind === 1) {
    for (let i = random.integer(4); i >= 0; i--) {
      damaged[random.integer(bytes.length)] ^= 1 << random.integer(8);
    }
  } else if (kind === 2) {
    const at = random.integer(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.integer(64));
    for (let i = at; i < end; i++) damaged[i] = random.integer(256);
  } else {
    const from = random.integer(bytes.length);
    const to = random.integer(bytes.length);
    const size = Math.min(
      1 + random.integer(200),
      bytes.length - Math.max(from, to),
    );
    damaged.copyWithin(to, from, from + size);
  }
  return damaged;
}

/** Overwrites numbers of the footer and of page headers, and the first bytes of pages. */
export function damageStructure(seed: Seed, random: RandomStream): Uint8Array {
  const damaged = seed.bytes.slice();
  for (let i = random.integer(3); i >= 0; i--) {
    const kind = random.integer(3);
    if (kind === 2) {
      const at = seed.pageStarts[random.integer(seed.pageStarts.length)] +
        random.integer(40);
      damaged[Math.min(at, damaged.length - 1)] = random.integer(256);
      continue;
    }
    const numbers = kind === 0 ? seed.footerNumbers : seed.headerNumbers;
    const [at, size] = numbers[random.integer(numbers.length)];
    overwriteNumber(damaged, at, size, random);
  }
  return damaged;
}

// A number of as many bytes: near the old one, or any, or the largest.
function overwriteNumber(
  bytes: Uint8Array,
  at: number,
  size: number,
  random: RandomStream,
) {
  const kind = random.integer(3);
  for (let i = 0; i < size; i++) {
    const more = i + 1 < size ? 128 : 0;
    const old = bytes[at + i] & 127;
    const low = kind === 0
      ? i === 0 ? (old + random.integer(9) - 4) & 127 : old
      : kind === 1
      ? random.integer(128)
      : 127;
    bytes[at + i] = low | more;
  }
}
