// Damage that knows the format: what random bytes would hardly hit.
import type { RandomStream } from "../../src/random.ts";
import { damageJson, joined, pick } from "./mutate.ts";
import * as samples from "./samples.ts";

/** A file's contents. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A value as a JSON file. */
export function json(value: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Damages a JSON file in its structure. */
export function inJson(sound: Bytes, random: RandomStream): Bytes {
  return json(damageJson(JSON.parse(new TextDecoder().decode(sound)), random));
}

/** Damages a safetensors header; its length stays true. */
export function inHeader(sound: Bytes, random: RandomStream): Bytes {
  const view = new DataView(sound.buffer);
  const end = 8 + Number(view.getBigUint64(0, true));
  const header = inJson(sound.subarray(8, end), random);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return joined([length, header, sound.subarray(end)]);
}

const NUMPY_PARTS = [
  ["<f4", "|O"],
  ["<f4", "<f8"],
  ["<f4", "<c16"],
  ["<f4", ">f4"],
  ["(3, 4)", "(3, 4000000000)"],
  ["(3, 4)", "(-3, -4)"],
  ["(3, 4)", "(12,)"],
  ["(3, 4)", "()"],
  ["(3, 4)", "(0, 4)"],
  ["(3, 4)", "(3, 2, 2)"],
  ["(3, 4)", "(1e3, 4)"],
  ["False", "True"],
  ["descr", "dexxr"],
  ["{", "["],
] as const;

/** Changes the text of a NumPy header; its length stays true where the change does not lengthen it. */
export function inNumpyHeader(sound: Bytes, random: RandomStream): Bytes {
  const text = Array.from(sound, (byte) => String.fromCharCode(byte)).join("");
  const [from, to] = pick(random, NUMPY_PARTS);
  const changed = text.replace(from, to).replace(
    " ".repeat(Math.max(0, to.length - from.length)) + "\n",
    "\n",
  );
  return Uint8Array.from(changed, (char) => char.charCodeAt(0));
}

/** Damages one of the archive's names, sizes or headers, wherever they are written. */
export function inArchive(sound: Bytes, random: RandomStream): Bytes {
  const bytes = sound.slice();
  const signatures: number[] = [];
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (bytes[at] === 0x50 && bytes[at + 1] === 0x4B && bytes[at + 2] < 9) {
      signatures.push(at);
    }
  }
  const at = pick(random, signatures) + 4 + random.integer(42);
  const value = pick(random, [0, 1, 8, 0x7F, 0xFF]);
  return bytes.fill(value, at, at + pick(random, [1, 2, 4]));
}

const ODD_LISTS: readonly unknown[] = [
  [],
  [0],
  [0, 0],
  [6],
  [-1],
  [0.5],
  [2 ** 40],
  ["1"],
  [null],
  [[1]],
  {},
  null,
  "codes",
  Array.from({ length: 1000 }, (_, i) => i),
];

/** A file of codes that no row could have. */
export function oddCodes(random: RandomStream): Bytes {
  const rows = 1 + random.integer(4);
  const list = () =>
    Array.from({ length: rows }, () => pick(random, ODD_LISTS));
  const numbers = Array.from(
    { length: rows },
    (_, i) => pick(random, [i, -1, 0.5, 2 ** 60, NaN]),
  );
  return samples.oddCodes(list(), list(), numbers);
}

/** One property of a state that may hold typed arrays becomes something else. */
export function damageShallowly(
  state: Record<string, unknown>,
  random: RandomStream,
): Record<string, unknown> {
  const key = pick(random, Object.keys(state));
  const odd = [
    undefined,
    null,
    -1,
    0.5,
    2 ** 53,
    NaN,
    "x",
    [],
    {},
    new Float32Array(3),
    new Float32Array(24).fill(NaN),
    new Uint32Array(24),
    [-1],
    [99],
    [{}],
    { recent: [new Uint32Array(1)], replacedAt: new Int32Array(6) },
    { mean: new Float32Array(3), scale: 0 },
  ];
  return { ...state, [key]: pick(random, odd) };
}
