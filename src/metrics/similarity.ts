import { multiplyTransposed } from "../engine/reference/products.ts";

/** Atoms whose similarities are computed at a time: bounds memory to strip × atoms. */
const STRIP = 256;

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
 */
export function forEachSimilarity(
  a: AtomTable,
  b: AtomTable,
  visit: (atom: number, products: Float32Array) => void,
): void {
  const strip = new Float32Array(Math.min(STRIP, a.atoms) * b.atoms);
  for (let start = 0; start < a.atoms; start += STRIP) {
    const count = Math.min(STRIP, a.atoms - start);
    multiplyTransposed(
      a.dictionary.subarray(start * a.width, (start + count) * a.width),
      count,
      b.dictionary,
      b.atoms,
      a.width,
      strip,
    );
    for (let i = 0; i < count; i++) {
      visit(start + i, strip.subarray(i * b.atoms, (i + 1) * b.atoms));
    }
  }
}

/**
 * The largest |⟨d_i, d_j⟩|, j ≠ i, of every atom. Each pair is computed once.
 *
 * @param table unit atoms
 */
export function largestSimilarities(table: AtomTable): Float32Array {
  const { width, atoms, dictionary } = table;
  const most = new Float32Array(atoms);
  const strip = new Float32Array(Math.min(STRIP, atoms) * atoms);
  for (let start = 0; start < atoms; start += STRIP) {
    const count = Math.min(STRIP, atoms - start);
    const later = atoms - start;
    const rest = dictionary.subarray(start * width);
    multiplyTransposed(rest, count, rest, later, width, strip);
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < later; j++) {
        const size = Math.abs(strip[i * later + j]);
        if (size > most[start + i]) most[start + i] = size;
        if (size > most[start + j]) most[start + j] = size;
      }
    }
  }
  return most;
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
