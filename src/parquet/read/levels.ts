// The RLE/bit-packed hybrid of Parquet levels and dictionary indices. Counts are checked before anything is written, so
// that damaged runs end in an error.

/** Bits that levels up to `max` take. */
export function bitsFor(max: number): number {
  return 32 - Math.clz32(max);
}

/** A byte range of encoded runs. */
export interface Runs {
  bytes: Uint8Array;
  start: number;
  end: number;
  bitWidth: number;
}

// One run after the other. A run is `count` times `value`, or `count` values packed from byte `packedAt` on.
class RunReader {
  count = 0;
  value = 0;
  packedAt = -1;
  #at: number;

  constructor(readonly runs: Runs, private left: number) {
    this.#at = runs.start;
    if (runs.bitWidth > 32) throw new Error("Bit width beyond 32");
  }

  next(): boolean {
    if (this.left === 0) return false;
    const { bytes, end, bitWidth } = this.runs;
    const head = this.#varint();
    const packed = (head & 1) === 1;
    const size = Math.floor(head / 2);
    if (packed) {
      // The last group is padded to 8 values; some writers leave the padding's bytes out.
      this.count = Math.min(size * 8, this.left);
      const needed = Math.ceil(this.count * bitWidth / 8);
      if (needed > end - this.#at) throw new Error("Packed run is cut off");
      this.packedAt = this.#at;
      this.#at += Math.min(size * bitWidth, end - this.#at);
    } else {
      if (size > this.left) throw new Error("Run is longer than its page");
      this.count = size;
      this.packedAt = -1;
      this.value = 0;
      for (let scale = 1, at = 0; at < bitWidth; at += 8, scale *= 256) {
        if (this.#at >= end) throw new Error("Run is cut off");
        this.value += bytes[this.#at++] * scale;
      }
    }
    this.left -= this.count;
    return true;
  }

  #varint(): number {
    const { bytes, end } = this.runs;
    let value = 0;
    for (let scale = 1, size = 0; size < 5; scale *= 128, size++) {
      if (this.#at >= end) throw new Error("Runs end early");
      const byte = bytes[this.#at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new Error("Run length is too long");
  }
}

/** Decodes all values; throws where they do not add up to `out.length`. */
export function decodeRuns(runs: Runs, out: Uint8Array | Uint32Array): void {
  const reader = new RunReader(runs, out.length);
  let at = 0;
  while (reader.next()) {
    const end = at + reader.count;
    if (reader.packedAt < 0) out.fill(reader.value, at, end);
    else unpack(runs, reader.packedAt, out, at, end);
    at = end;
  }
}

function unpack(
  { bytes, bitWidth }: Runs,
  packedAt: number,
  out: Uint8Array | Uint32Array,
  at: number,
  end: number,
) {
  if (bitWidth <= 24) {
    unpackNarrow(bytes, bitWidth, packedAt, out, at, end);
    return;
  }
  const mask = bitWidth === 32 ? 0xFFFFFFFF : 2 ** bitWidth - 1;
  let pool = 0; // fewer than 8 bits left over from the byte read last
  let held = 0;
  for (; at < end; at++) {
    let value = pool;
    let bits = held;
    while (bits < bitWidth) {
      value += bytes[packedAt++] * 2 ** bits;
      bits += 8;
    }
    held = bits - bitWidth;
    pool = Math.floor(value / (mask + 1));
    out[at] = value - pool * (mask + 1);
  }
}

// Values that fit in 32 bits along with what is left over of a byte.
function unpackNarrow(
  bytes: Uint8Array,
  bitWidth: number,
  packedAt: number,
  out: Uint8Array | Uint32Array,
  at: number,
  end: number,
) {
  const mask = (1 << bitWidth) - 1;
  let pool = 0;
  let held = 0;
  for (; at < end; at++) {
    for (; held < bitWidth; held += 8) pool |= bytes[packedAt++] << held;
    out[at] = pool & mask;
    pool >>>= bitWidth;
    held -= bitWidth;
  }
}

/** Refuses a column whose first level says that its row began before. */
export function requireRowBegin(repetition: number): void {
  if (repetition !== 0) throw new Error("Column begins inside a row");
}

/** The first value of runs that hold any. */
export function firstLevel(runs: Runs): number {
  const reader = new RunReader(runs, Infinity);
  do {
    if (!reader.next()) throw new Error("Runs end early");
  } while (reader.count === 0);
  if (reader.packedAt < 0) return reader.value;
  const one = new Uint8Array(1);
  unpack(runs, reader.packedAt, one, 0, 1);
  return one[0];
}

/** Whether all `count` values are `value`, without decoding them one by one. */
export function allEqual(runs: Runs, count: number, value: number): boolean {
  const reader = new RunReader(runs, count);
  const pattern = packedPattern(runs.bitWidth, value);
  while (reader.next()) {
    if (reader.packedAt < 0) {
      if (reader.count > 0 && reader.value !== value) return false;
      continue;
    }
    if (!packedEqual(runs, reader.packedAt, reader.count, value, pattern)) {
      return false;
    }
  }
  return true;
}

// The bytes of eight packed copies of a value.
function packedPattern(bitWidth: number, value: number): Uint8Array {
  const pattern = new Uint8Array(bitWidth);
  for (let bit = 0; bit < 8 * bitWidth; bit++) {
    pattern[bit >> 3] |= (value >>> (bit % bitWidth) & 1) << (bit & 7);
  }
  return pattern;
}

function packedEqual(
  runs: Runs,
  packedAt: number,
  count: number,
  value: number,
  pattern: Uint8Array,
): boolean {
  const { bytes, bitWidth } = runs;
  const whole = (count >> 3) * bitWidth;
  for (let i = 0, p = 0; i < whole; i++) {
    if (bytes[packedAt + i] !== pattern[p]) return false;
    if (++p === bitWidth) p = 0;
  }
  const rest = new Uint8Array(count & 7);
  unpack(runs, packedAt + whole, rest, 0, rest.length);
  return rest.every((level) => level === value);
}

/**
 * Whether repetition levels are those of full lists of `width` values: a level under `inner` where a list begins, and
 * `inner` everywhere else.
 *
 * @param runs the encoded levels
 * @param count levels in the page
 * @param phase place, within its list, of the page's first value
 * @param width values a list
 * @param inner the level that continues a list: the largest there is
 * @returns whether every level is as expected
 */
export function regularLists(
  runs: Runs,
  count: number,
  phase: number,
  width: number,
  inner: number,
): boolean {
  const reader = new RunReader(runs, count);
  const continued = packedPattern(runs.bitWidth, inner);
  let at = 0; // place in the page
  let next = (width - phase) % width; // where the next list begins
  while (reader.next()) {
    const end = at + reader.count;
    if (reader.packedAt >= 0) {
      next = packedLists(runs, reader, at, next, width, inner, continued);
      if (next < 0) return false;
    } else if (reader.value === inner) {
      if (end > next) return false;
    } else if (reader.count > 0) {
      // A run of first values: a single one, unless lists have one value.
      if (at !== next || (reader.count > 1 && width > 1)) return false;
      if (reader.value > inner) return false;
      next = at + reader.count * width;
    }
    at = end;
  }
  return true;
}

// Levels of one group, made once: there is a packed run in nearly every row.
const GROUP = new Uint8Array(8);

// The same for a packed run that begins at place `at`; returns where the next list begins, or −1.
function packedLists(
  runs: Runs,
  { packedAt, count }: { packedAt: number; count: number },
  at: number,
  next: number,
  width: number,
  inner: number,
  continued: Uint8Array,
): number {
  const { bytes, bitWidth } = runs;
  const group = GROUP;
  for (let i = 0; i < count; i += 8, packedAt += bitWidth) {
    const size = Math.min(8, count - i);
    if (size === 8 && at + i + 8 <= next) {
      for (let b = 0; b < bitWidth; b++) {
        if (bytes[packedAt + b] !== continued[b]) return -1;
      }
      continue;
    }
    unpack(runs, packedAt, group, 0, size);
    for (let j = 0; j < size; j++) {
      const begins = at + i + j === next;
      if (begins ? group[j] >= inner : group[j] !== inner) return -1;
      if (begins) next += width;
    }
  }
  return next;
}
