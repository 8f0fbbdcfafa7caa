// Damage to bytes and to JSON values, by seeded chance.
import { Buffer } from "node:buffer";
import type { RandomStream } from "../../src/random.ts";

/** Picks one of some things. */
export function pick<T>(random: RandomStream, from: readonly T[]): T {
  return from[random.integer(from.length)];
}

/** Damages bytes without regard to what they mean: flips, runs of one value, cuts, insertions, repeats. */
export function damageBytes(
  bytes: Uint8Array<ArrayBuffer>,
  random: RandomStream,
): Uint8Array<ArrayBuffer> {
  let damaged = bytes.slice();
  for (let blow = random.integer(4); blow >= 0; blow--) {
    damaged = pick(random, BLOWS)(damaged, random);
  }
  return damaged;
}

type Blow = (
  bytes: Uint8Array<ArrayBuffer>,
  random: RandomStream,
) => Uint8Array<ArrayBuffer>;

const BLOWS: readonly Blow[] = [
  (bytes, random) => {
    if (bytes.length > 0) {
      bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
    }
    return bytes;
  },
  (bytes, random) => {
    const start = random.integer(bytes.length + 1);
    const value = pick(random, [0, 1, 0x7F, 0x80, 0xFF, 0x7B, 0x22]);
    return bytes.fill(value, start, start + 1 + random.integer(9));
  },
  (bytes, random) => bytes.slice(0, random.integer(bytes.length + 1)),
  (bytes, random) => {
    const at = random.integer(bytes.length + 1);
    const more = Uint8Array.from(
      { length: 1 + random.integer(16) },
      () => random.integer(256),
    );
    return joined([bytes.subarray(0, at), more, bytes.subarray(at)]);
  },
  (bytes, random) => {
    const start = random.integer(bytes.length + 1);
    const end = start + random.integer(bytes.length - start + 1);
    return joined([bytes.subarray(0, end), bytes.subarray(start)]);
  },
];

/** Damages a JSON value in its structure: one place of it becomes something else. */
export function damageJson(value: unknown, random: RandomStream): unknown {
  const inside = typeof value === "object" && value !== null &&
    Object.keys(value).length > 0;
  if (!inside || random.uniform() < 0.15) return pick(random, ODDITIES);
  const keys = Object.keys(value);
  const key = pick(random, keys);
  if (Array.isArray(value)) {
    const copy = [...value];
    if (random.uniform() < 0.3) copy.splice(Number(key), 1);
    else copy[Number(key)] = damageJson(copy[Number(key)], random);
    return copy;
  }
  const copy: Record<string, unknown> = { ...value };
  const chance = random.uniform();
  if (chance < 0.15) delete copy[key];
  else if (chance < 0.25) copy[`${key}x`] = copy[key];
  else if (chance < 0.3) copy[key] = copy[pick(random, keys)];
  else copy[key] = damageJson(copy[key], random);
  return copy;
}

const DEEP = JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`);

const ODDITIES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  "",
  "0",
  "constructor",
  "__proto__",
  "../../../etc/passwd",
  "\u0000",
  "x".repeat(10_000),
  [],
  {},
  [[]],
  [2 ** 40, 2 ** 40],
  [-1, 4],
  { length: 2 ** 31 },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  DEEP,
];

/** The parts one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
