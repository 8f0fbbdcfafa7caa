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
 * @returns where those begin that have a row; no row is given twice
 */
export function beginAgain(
  seen: SeenRows,
  latents: readonly number[],
): Beginning[] {
  const rows = worstRows(seen);
  const begun: Beginning[] = [];
  for (const latent of latents) {
    const row = seen.learnsDecoder
      ? rows.shift()
      : rowForAtom(seen, latent, rows);
    if (row === undefined) break;
    const { atom, value } = decoderFor(seen, latent, row);
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

// The row that the atom takes most of; it is taken off the list.
function rowForAtom(
  { levels, along }: SeenRows,
  latent: number,
  rows: number[],
): number | undefined {
  let place = -1, most = 0;
  rows.forEach((row, i) => {
    const taken = along(row, levels[latent], latent);
    if (taken > most) [place, most] = [i, taken];
  });
  return place < 0 ? undefined : rows.splice(place, 1)[0];
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
  let along = 0;
  for (let d = 0; d < left.length; d++) along += left[d] * own[d];
  return { atom: own, value: along / (levelCount - level) };
}

// Pre-activations of value · (2·⟨y, row⟩/‖row‖² − 1): the value for the row itself, above zero from one half on.
function encoderFor(row: Float32Array, value: number): Float32Array {
  const slope = 2 * value / squareOf(row);
  return row.map((entry) => slope * entry);
}

function squareOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}
