// The atoms and their rows, as the pages ask for them. No document here.
import { cut } from "./words.js";

const EMPTY = 0xFFFFFFFF;
const TITLE_ROWS = 4;

/** The dictionary behind all pages, from the unpacked atoms and rows. */
export function createDictionary(atoms, rows) {
  const titles = new Map();
  const placeOfRow = new Map();
  rows.numbers.forEach((number, place) => placeOfRow.set(number, place));
  const dictionary = {
    ...atoms,
    texts: rows.texts,
    before: rows.before,
    after: rows.after,
    numbers: rows.numbers,
    residual: rows.residual,
    hasText: rows.texts.some((text) => text !== ""),
    /** Where a row of the input stands among the kept rows, or undefined. */
    placeOfRow: (number) => placeOfRow.get(number),
    /** The rows that use an atom most: `{ place, value }`, strongest first. */
    topRows(atom) {
      const found = [];
      for (let t = 0; t < atoms.perAtom; t++) {
        const place = rows.topSamples[atom * atoms.perAtom + t];
        if (place === EMPTY) break;
        found.push({ place, value: rows.topValues[atom * atoms.perAtom + t] });
      }
      return found;
    },
    /** An atom's neighbours: `{ atom, cosine }`, nearest first. */
    neighbours(atom) {
      const found = [];
      for (let c = 0; c < atoms.nearestCount; c++) {
        const slot = atom * atoms.nearestCount + c;
        if (atoms.nearest[slot] === EMPTY) break;
        found.push({ atom: atoms.nearest[slot], cosine: atoms.cosines[slot] });
      }
      return found;
    },
    /** The share of the inspected rows that use an atom. */
    density: (atom) => atoms.rows === 0 ? 0 : atoms.uses[atom] / atoms.rows,
    /** The nested group an atom belongs to, from 0. */
    group(atom) {
      let end = 0;
      return atoms.groups.findIndex((size) => atom < (end += size));
    },
    label: (atom) => atoms.labels[atom],
    /** What an atom is called: its label, or the texts it responds to most. */
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
function wordsOf(dictionary, atom) {
  const rows = dictionary.topRows(atom);
  if (rows.length === 0) return "";
  const words = [];
  for (const { place, value } of rows) {
    if (Math.sign(value) !== Math.sign(rows[0].value)) continue;
    const text = cut(dictionary.texts[place].trim().replace(/\s+/g, " "), 48);
    const known = words.some((w) => w.toLowerCase() === text.toLowerCase());
    if (text !== "" && !known) words.push(text);
    if (words.length === TITLE_ROWS) break;
  }
  return words.join(" · ");
}
