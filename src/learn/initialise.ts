import type { Normalisation } from "../engine/engine.ts";
import { pauseIfDue } from "../pause.ts";
import { DbksvdError } from "../errors.ts";
import type { RandomStream } from "../random.ts";

/** Rows drawn beyond the number of atoms, so that some may be equal to the mean or to each other. */
export function spareRows(atoms: number): number {
  return 16 + Math.ceil(atoms / 4);
}

/**
 * Random centred samples, normalised, as first atoms. Rows at the mean and repeats of a row are passed over; what then
 * lacks is filled with random directions.
 *
 * @param drawn random raw rows, at least as many as atoms unless the data has fewer
 * @param atoms m
 * @param width n
 * @throws {DbksvdError} `data` where there are fewer rows than atoms
 */
export async function initialiseFromRows(
  drawn: readonly Float32Array[],
  atoms: number,
  width: number,
  normalisation: Normalisation,
  random: RandomStream,
): Promise<Float32Array> {
  requireRowAnAtom(drawn.length, atoms);
  const dictionary = new Float32Array(atoms * width);
  const seen = new Map<number, Float32Array[]>();
  let filled = 0;
  for (const row of drawn) {
    if (filled === atoms) break;
    await pauseIfDue();
    const hash = hashOf(row), alike = seen.get(hash) ?? [];
    if (alike.some((other) => isSame(other, row))) continue;
    const centred = Float64Array.from(row, (v, p) => v - normalisation.mean[p]);
    if (!storeUnit(dictionary, filled, centred)) continue;
    seen.set(hash, [...alike, row]);
    filled++;
  }
  return fillGaussian(dictionary, filled, width, random);
}

/**
 * Refuses fewer rows than atoms, where atoms begin as rows.
 *
 * @throws {DbksvdError} `data`
 */
export function requireRowAnAtom(rows: number, atoms: number): void {
  if (rows >= atoms) return;
  throw new DbksvdError(
    "data",
    `There are fewer training rows (${rows}) than atoms (${atoms})`,
    { mend: "ask for fewer --atoms, or use --init gaussian" },
  );
}

// FNV-1a over the values; −0 is 0.
function hashOf(row: Float32Array): number {
  const bits = new Uint32Array(row.buffer, row.byteOffset, row.length);
  let hash = 0x811c9dc5;
  for (let p = 0; p < bits.length; p++) {
    hash = Math.imul(hash ^ (row[p] === 0 ? 0 : bits[p]), 0x01000193);
  }
  return hash;
}

function isSame(one: Float32Array, other: Float32Array): boolean {
  return one.every((value, p) => value === other[p]);
}

/** Random directions, uniform on the sphere, as first atoms. */
export function initialiseGaussian(
  atoms: number,
  width: number,
  random: RandomStream,
): Float32Array {
  return fillGaussian(new Float32Array(atoms * width), 0, width, random);
}

function fillGaussian(
  dictionary: Float32Array,
  from: number,
  width: number,
  random: RandomStream,
): Float32Array {
  for (let atom = from; atom * width < dictionary.length; atom++) {
    const direction = new Float64Array(width);
    do for (let p = 0; p < width; p++) direction[p] = random.normal(); while (
      !storeUnit(dictionary, atom, direction)
    );
  }
  return dictionary;
}

// Stores v/‖v‖ as an atom; false, storing nothing, where v has no length.
function storeUnit(
  dictionary: Float32Array,
  atom: number,
  v: Float64Array,
): boolean {
  let squares = 0;
  for (const value of v) squares += value * value;
  const norm = Math.sqrt(squares);
  if (!(norm > 1e-30 && Number.isFinite(norm))) return false;
  for (let p = 0; p < v.length; p++) {
    dictionary[atom * v.length + p] = v[p] / norm;
  }
  return true;
}
