// The atoms and their rows, as the pages ask for them. No document here.
import type {
  Dictionary,
  Neighbour,
  PackedAtoms,
  PackedRows,
  TopRow,
} from "./types.ts";
import { cut } from "./words.ts";

const EMPTY = 0xFFFFFFFF;
const TITLE_ROWS = 4;

/** The dictionary behind all pages, from the unpacked atoms and rows. */
export function createDictionary(
  atoms: PackedAtoms,
  rows: PackedRows,
): Dictionary {
  const titles = new Map<number, string>();
  const placeOfRow = new Map<number, number>();
  rows.numbers.forEach((number, place) => placeOfRow.set(number, place));
  const dictionary: Dictionary = {
    ...atoms,
    texts: rows.texts,
    before: rows.before,
    after: rows.after,
    numbers: rows.numbers,
    residual: rows.residual,
    hasText: rows.texts.some((text) => text !== ""),
    placeOfRow: (number) => placeOfRow.get(number),
    topRows(atom) {
      const found: TopRow[] = [];
      for (let t = 0; t < atoms.perAtom; t++) {
        const place = rows.topSamples[atom * atoms.perAtom + t];
        if (place === EMPTY) break;
        found.push({ place, value: rows.topValues[atom * atoms.perAtom + t] });
      }
      return found;
    },
    neighbours(atom) {
      const found: Neighbour[] = [];
      for (let c = 0; c < atoms.nearestCount; c++) {
        const slot = atom * atoms.nearestCount + c;
        if (atoms.nearest[slot] === EMPTY) break;
        found.push({ atom: atoms.nearest[slot], cosine: atoms.cosines[slot] });
      }
      return found;
    },
    density: (atom) => atoms.rows === 0 ? 0 : atoms.uses[atom] / atoms.rows,
    group(atom) {
      let end = 0;
      return atoms.groups.findIndex((size) => atom < (end += size));
    },
    label: (atom) => atoms.labels[atom],
    title(atom) {
      let title = titles.get(atom);
      if (title === undefined) {
        title = atoms.labels[atom] ?? wordsOf(dictionary, atom);
        titles.set(atom, title);
      }
      return title;
    },
  };
  return dictionary;
}

// Rows on the side of the strongest one: the other side of a signed atom means something else.
function wordsOf(dictionary: Dictionary, atom: number): string {
  const rows = dictionary.topRows(atom);
  if (rows.length === 0) return "";
  const words: string[] = [];
  for (const { place, value } of rows) {
    if (Math.sign(value) !== Math.sign(rows[0].value)) continue;
    const text = cut(dictionary.texts[place].trim().replace(/\s+/g, " "), 48);
    const known = words.some((w) => w.toLowerCase() === text.toLowerCase());
    if (text !== "" && !known) words.push(text);
    if (words.length === TITLE_ROWS) break;
  }
  return words.join(" · ");
}
