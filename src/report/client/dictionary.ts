// The atoms and their rows, as the pages ask for them. No document here.
import { sidesOfAtom, topRowsOfAtom } from "./latent_rows.ts";
import type {
  Dictionary,
  Neighbour,
  PackedAtoms,
  PackedRows,
  Partner,
  Pictures,
} from "./types.ts";
import { cut } from "./words.ts";

const EMPTY = 0xFFFFFFFF;
const TITLE_ROWS = 4;

/** The dictionary behind all pages, from the unpacked atoms and rows. */
export function createDictionary(
  atoms: PackedAtoms,
  rows: PackedRows,
  pictures?: Pictures,
): Dictionary {
  const titles = new Map<number, string>();
  const placeOfRow = new Map<number, number>();
  rows.numbers.forEach((number, place) => placeOfRow.set(number, place));
  const dictionary: Dictionary = {
    ...atoms,
    texts: rows.texts,
    before: rows.before,
    after: rows.after,
    tokens: rows.tokens,
    at: rows.at,
    numbers: rows.numbers,
    residual: rows.residual,
    pictures,
    hasText: rows.texts.some((text) => text !== ""),
    placeOfRow: (number) => placeOfRow.get(number),
    topRows: (atom) => topRowsOfAtom(atoms, rows, atom),
    sidesOf: (atom) => sidesOfAtom(atoms, rows, atom),
    neighbours: (atom) => neighboursOf(atoms, atom),
    partners: (atom) => partnersOf(atoms, atom),
    density: (atom) => atoms.rows === 0 ? 0 : atoms.uses[atom] / atoms.rows,
    group(atom) {
      let end = 0;
      return atoms.groups.findIndex((size) => atom < (end += size));
    },
    label: (atom) => dictionary.labels[atom],
    setLabels(labels) {
      dictionary.labels = labels;
      titles.clear();
    },
    title(atom) {
      let title = titles.get(atom);
      if (title === undefined) {
        title = dictionary.labels[atom] ?? wordsOf(dictionary, atom);
        titles.set(atom, title);
      }
      return title;
    },
  };
  return dictionary;
}

function neighboursOf(atoms: PackedAtoms, atom: number): Neighbour[] {
  const found: Neighbour[] = [];
  for (let c = 0; c < atoms.nearestCount; c++) {
    const slot = atom * atoms.nearestCount + c;
    if (atoms.nearest[slot] === EMPTY) break;
    found.push({ atom: atoms.nearest[slot], cosine: atoms.cosines[slot] });
  }
  return found;
}

function partnersOf(
  { together, togetherShares, togetherCount }: PackedAtoms,
  atom: number,
): Partner[] {
  const found: Partner[] = [];
  if (together === undefined || togetherShares === undefined) return found;
  for (let c = 0; c < togetherCount; c++) {
    const slot = atom * togetherCount + c;
    if (together[slot] === EMPTY) break;
    found.push({ atom: together[slot], share: togetherShares[slot] });
  }
  return found;
}

// Rows on the side of the strongest one: the other side of a signed atom means something else.
function wordsOf(dictionary: Dictionary, atom: number): string {
  const rows = dictionary.topRows(atom);
  // Where pictures lie is no word for what they show.
  if (rows.length === 0 || !dictionary.captions) return "";
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
