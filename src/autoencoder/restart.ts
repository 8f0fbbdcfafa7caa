import { DUPLICATE_COHERENCE } from "../thresholds.ts";

/** A step that was looked at, as its trainer holds it; rows are padded alike, with zeros. */
export interface SeenRows {
  /** Rows of the step. */
  count: number;
  levelCount: number;
  /** The level of every latent. */
  levels: Uint32Array;
  learnsDecoder: boolean;
  row(row: number): Float32Array;
  /** What the levels from one on leave of a row, summed over them. */
  rest(row: number, level: number): Float32Array;
  atom(latent: number): Float32Array;
  /** The inner product of a rest with an atom. */
  along(row: number, level: number, latent: number): number;
}

/** Where a latent begins again, Adam's moments with it. */
export interface Beginning {
  latent: number;
  encoder: Float32Array;
  bias: number;
  /** Where decoders learn. */
  decoder?: Float32Array | undefined;
}

/**
 * Finds latents that no row makes active a new task, one row each: those of the step that are rebuilt worst. The
 * decoder row becomes what is left of the row; where decoders stay, the row is the one of which the atom takes most.
 * The encoder row points to the row itself, so that it and rows much like it (projections on it above a half) are what
 * makes the latent active, with the value that takes away most of the row's error. Adam's moments begin again.
 *
 * @param seen the step
 * @param latents which
 * @returns where those begin that have a row; no row is given twice, nor, where decoders learn, one much like it:
 * latents that begin alike are trained alike, and stay so
 */
export function beginAgain(
  seen: SeenRows,
  latents: readonly number[],
): Beginning[] {
  const rows = worstRows(seen);
  const begun: Beginning[] = [];
  for (const latent of latents) {
    const next = seen.learnsDecoder
      ? nextRow(seen, latent, rows, begun)
      : rowForAtom(seen, latent, rows);
    if (next === undefined) break;
    const { row, atom, value } = next;
    if (!(value > 0)) continue;
    begun.push({
      latent,
      encoder: encoderFor(seen.row(row), value),
      bias: -value,
      ...(seen.learnsDecoder && { decoder: atom }),
    });
  }
  return begun;
}

// Rows of the step by what all latents together leave of them, the most first.
function worstRows({ count, levelCount, rest }: SeenRows): number[] {
  const errors = Float64Array.from(
    { length: count },
    (_, row) => squareOf(rest(row, levelCount - 1)),
  );
  return [...errors.keys()].sort((a, b) => errors[b] - errors[a] || a - b);
}

/** A row for a latent, and what its decoder row and value are there. */
interface NextRow {
  row: number;
  atom: Float32Array;
  value: number;
}

// The worst row that none of those that began is nearly the same as; rows up to it are taken off the list.
function nextRow(
  seen: SeenRows,
  latent: number,
  rows: number[],
  begun: readonly Beginning[],
): NextRow | undefined {
  for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
    const { atom, value } = decoderFor(seen, latent, row);
    const isTaken = begun.some(({ decoder }) =>
      Math.abs(product(decoder!, atom)) > DUPLICATE_COHERENCE
    );
    if (!isTaken) return { row, atom, value };
  }
  return undefined;
}

// The row that the atom takes most of; it is taken off the list.
function rowForAtom(
  seen: SeenRows,
  latent: number,
  rows: number[],
): NextRow | undefined {
  let place = -1, most = 0;
  rows.forEach((row, i) => {
    const taken = seen.along(row, seen.levels[latent], latent);
    if (taken > most) [place, most] = [i, taken];
  });
  if (place < 0) return undefined;
  const [row] = rows.splice(place, 1);
  return { row, ...decoderFor(seen, latent, row) };
}

// The decoder row, and the value that takes most of what is left, on average over the levels that the latent counts in.
function decoderFor(
  { learnsDecoder, levelCount, levels, rest, atom }: SeenRows,
  latent: number,
  row: number,
): { atom: Float32Array; value: number } {
  const level = levels[latent], left = rest(row, level);
  const length = Math.sqrt(squareOf(left));
  if (learnsDecoder && length === 0) return { atom: left, value: 0 };
  const own = learnsDecoder
    ? left.map((value) => value / length)
    : atom(latent);
  return { atom: own, value: product(left, own) / (levelCount - level) };
}

// Pre-activations of value · (2·⟨y, row⟩/‖row‖² − 1): the value for the row itself, above zero from one half on.
function encoderFor(row: Float32Array, value: number): Float32Array {
  const slope = 2 * value / squareOf(row);
  return row.map((entry) => slope * entry);
}

function squareOf(values: Float32Array): number {
  return product(values, values);
}

function product(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < one.length; d++) sum += one[d] * other[d];
  return sum;
}
