import { multiplyFast } from "../engine/multiply.ts";
import { pauseIfDue } from "../pause.ts";

/** Atoms whose similarities are computed at a time: bounds memory to strip × atoms. */
const STRIP = 256;

/** Multiplications between two looks at the signal. */
const BLOCK_WORK = 2 ** 29;

/** Atoms by position, width values each. */
export interface AtomTable {
  /** n: values of an atom. */
  width: number;
  /** m: number of atoms. */
  atoms: number;
  /** atoms × width. */
  dictionary: Float32Array;
}

/** Some atoms most like another, the most similar first. */
export interface Neighbours {
  atoms: Uint32Array;
  /** ⟨d_i, d_j⟩, signed. */
  similarities: Float32Array;
}

/**
 * Visits ⟨a_i, b_j⟩ for every i, one atom's row of products at a time, in strips of bounded memory.
 *
 * @param visit gets i and the products with all of b; the array is only valid during the call
 * @param signal ends the work, throwing its reason
 */
export async function forEachSimilarity(
  a: AtomTable,
  b: AtomTable,
  visit: (atom: number, products: Float32Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  const strip = new Float32Array(Math.min(STRIP, a.atoms) * b.atoms);
  for (let start = 0; start < a.atoms; start += STRIP) {
    const count = Math.min(STRIP, a.atoms - start);
    await products(a, { start, count }, b, 0, strip, signal);
    for (let i = 0; i < count; i++) {
      visit(start + i, strip.subarray(i * b.atoms, (i + 1) * b.atoms));
      await pauseIfDue(signal);
    }
  }
}

/**
 * The largest |⟨d_i, d_j⟩|, j ≠ i, of every atom. Each pair is computed once.
 *
 * @param table unit atoms
 * @param signal ends the work, throwing its reason
 */
export async function largestSimilarities(
  table: AtomTable,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { atoms } = table;
  const most = new Float32Array(atoms);
  const strip = new Float32Array(Math.min(STRIP, atoms) * atoms);
  for (let start = 0; start < atoms; start += STRIP) {
    const count = Math.min(STRIP, atoms - start);
    const later = atoms - start;
    await products(table, { start, count }, table, start, strip, signal);
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < later; j++) {
        const size = Math.abs(strip[i * later + j]);
        if (size > most[start + i]) most[start + i] = size;
        if (size > most[start + j]) most[start + j] = size;
      }
      await pauseIfDue(signal);
    }
  }
  return most;
}

// ⟨a_i, b_j⟩ of some atoms i with all j ≥ first, into count × (b.atoms − first), a block of columns at a time.
async function products(
  a: AtomTable,
  { start, count }: { start: number; count: number },
  b: AtomTable,
  first: number,
  into: Float32Array,
  signal?: AbortSignal,
): Promise<void> {
  const { width } = a;
  const columns = b.atoms - first;
  const rows = a.dictionary.subarray(start * width, (start + count) * width);
  const most = Math.max(16, Math.floor(BLOCK_WORK / (count * width)));
  const block = new Float32Array(count * Math.min(most, columns));
  for (let from = 0; from < columns; from += most) {
    await pauseIfDue(signal);
    const size = Math.min(most, columns - from);
    const others = b.dictionary.subarray((first + from) * width);
    multiplyFast(rows, count, others, size, width, block);
    for (let i = 0; i < count; i++) {
      const row = block.subarray(i * size, (i + 1) * size);
      into.set(row, i * columns + from);
    }
  }
}

/**
 * The `count` largest absolute values, ties to the lower index.
 *
 * @param products similarities with all atoms
 * @param skip an atom to leave out, such as the atom itself
 */
export function largest(
  products: Float32Array,
  count: number,
  skip = -1,
): Neighbours {
  const atoms: number[] = [];
  for (let j = 0; j < products.length; j++) {
    const size = Math.abs(products[j]);
    const full = atoms.length === count;
    if (
      j === skip || full && !(size > Math.abs(products[atoms[count - 1]]))
    ) continue;
    if (full) atoms.pop();
    let place = atoms.length;
    while (place > 0 && Math.abs(products[atoms[place - 1]]) < size) place--;
    atoms.splice(place, 0, j);
  }
  return {
    atoms: Uint32Array.from(atoms),
    similarities: Float32Array.from(atoms, (j) => products[j]),
  };
}

/** Rows of a dictionary scaled to unit length; a zero row stays zero. */
export function unitAtoms(table: AtomTable): AtomTable {
  const { width, atoms } = table;
  const dictionary = new Float32Array(atoms * width);
  for (let atom = 0; atom < atoms; atom++) {
    const from = atom * width;
    let square = 0;
    for (let d = from; d < from + width; d++) {
      square += table.dictionary[d] ** 2;
    }
    const factor = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let d = from; d < from + width; d++) {
      dictionary[d] = table.dictionary[d] * factor;
    }
  }
  return { width, atoms, dictionary };
}
