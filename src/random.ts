import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of seeded random numbers. */
export interface RandomStream {
  /** A float in [0, 1) with 32 random bits. */
  uniform(): number;
  /** An integer in [0, below). */
  integer(below: number): number;
  /** A standard normal deviate. */
  normal(): number;
}

/**
 * A random stream named by a seed and labels. Every use has a name of its own (the pass, the batch, the purpose), so no
 * generator state needs saving: a resumed run asks for the same names and gets the same numbers.
 *
 * @param seed the user's seed
 * @param labels what the stream is for, such as `"atoms", iteration`
 */
export function randomStream(
  seed: number,
  ...labels: (string | number)[]
): RandomStream {
  const generator = xoroshiro128plus(hashLabels(seed, labels));
  const next = () => (generator.next() >>> 0) / 0x100000000;
  return {
    uniform: next,
    integer: (below) => Math.floor(next() * below),
    normal: () =>
      Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

/** A seeded permutation of 0 … count − 1 (Fisher–Yates). */
export function permutation(count: number, random: RandomStream): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}

// FNV-1a over the text, finished by murmur3's mixer so that near seeds give unrelated streams.
function hashLabels(seed: number, labels: (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const char of `${seed}/${labels.join("/")}`) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
