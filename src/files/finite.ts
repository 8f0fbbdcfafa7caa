/** Values that are summed up at a time: a core's nearest cache holds them, with room to spare. */
const BLOCK = 8192;
/** A double whose upper half is a float that is not finite is at least this large; all others are smaller. */
const NOT_FINITE = 2 ** 1017;

/** Index of the first value that is NaN or infinite, or −1. */
export function firstNonFinite(values: Float32Array): number {
  const { buffer, byteOffset, length } = values;
  if (length < 16) return searchOneByOne(values, 0, length);
  // Doubles begin at every other value.
  const lead = byteOffset / 4 % 2;
  const body = length - lead - (length - lead) % 8;
  const doubles = new Float64Array(buffer, byteOffset + 4 * lead, body / 2);
  const floats = values.subarray(lead, lead + body);
  let found = searchOneByOne(values, 0, lead);
  for (let start = 0; found < 0 && start < body; start += BLOCK) {
    const end = Math.min(start + BLOCK, body);
    if (areFinite(doubles, floats, start, end)) continue;
    found = searchOneByOne(values, lead + start, lead + end);
  }
  return found < 0 ? searchOneByOne(values, lead + body, length) : found;
}

function searchOneByOne(values: Float32Array, start: number, end: number) {
  for (let i = start; i < end; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/**
 * Whether values, by eights, are finite, as sums tell. Floats cannot overflow a double: their sum is finite where all
 * of them are. Making doubles of them is what takes longest, so that only every other one is added. The one after it
 * is the upper half of the double that the two are together (little-endian): its sign, its exponent and the first
 * bits of its fraction. Sums of those, made positive, tell whether one was too large. They can be so without as well,
 * if floats are larger than 2¹²⁴: then looking at them one by one tells.
 */
function areFinite(
  doubles: Float64Array,
  floats: Float32Array,
  start: number,
  end: number,
): boolean {
  let a = 0, b = 0, c = 0, d = 0;
  for (let i = start; i < end; i = (i + 8) | 0) {
    const k = i >> 1;
    a += Math.abs(doubles[k]) + Math.abs(doubles[(k + 1) | 0]);
    b += Math.abs(doubles[(k + 2) | 0]) + Math.abs(doubles[(k + 3) | 0]);
    c += floats[i] + floats[(i + 2) | 0];
    d += floats[(i + 4) | 0] + floats[(i + 6) | 0];
  }
  return a + b < NOT_FINITE && Number.isFinite(c + d);
}
