// Finding atoms by words: one ranking for the page and for the command line. No document here.

/** What is searched. */
export interface Searchable {
  atoms: number;
  /** The texts of the kept rows; where rows are tokens, what stands before and after each. */
  texts: readonly string[];
  before?: readonly string[] | undefined;
  after?: readonly string[] | undefined;
  label(atom: number): string | undefined;
  /** The rows that use an atom most, by their place among the texts. */
  topRows(atom: number): readonly { place: number; value: number }[];
}

/** How well each atom matches every word of a query; undefined for an empty query, 0 for an atom that does not. */
export type Finder = (query: string) => Float32Array | undefined;

// What a match is worth in a text: a whole word, a part of one, and the same in what stands around a token.
const WORD = 1;
const PART = 0.25;
const WORD_AROUND = 0.5;
const PART_AROUND = 0.1;

// A label counts more than any text, a whole word of it more than a part, its whole text the most.
const LABEL = 16;
const LABEL_WORD = 8;
const LABEL_PART = 4;

/**
 * A finder of atoms. An atom's score for a word is that of its label, and else of the texts of its top rows: the
 * share of their weight that matches, plus 1 where a whole word does, so that "rain" finds rain before Ukraine.
 */
export function createFinder(searchable: Searchable): Finder {
  const own = indexOf(searchable.texts);
  const around = searchable.before === undefined
    ? undefined
    : indexOf(searchable.texts.map((_, place) =>
      `${searchable.before?.[place] ?? ""}\u0001${
        searchable.after?.[place] ?? ""
      }`
    ));

  function scoresOf(term: string): Float32Array {
    const worth = own.worthOf(term, WORD, PART);
    const further = around?.worthOf(term, WORD_AROUND, PART_AROUND);
    further?.forEach((value, place) => {
      if (value > worth[place]) worth[place] = value;
    });
    const scores = new Float32Array(searchable.atoms);
    for (let atom = 0; atom < searchable.atoms; atom++) {
      scores[atom] = labelScore(searchable.label(atom), atom, term) +
        textScore(searchable.topRows(atom), worth);
    }
    return scores;
  }

  return function find(query: string) {
    const terms = query.toLowerCase().split(/\s+/).filter((term) => term);
    if (terms.length === 0) return undefined;
    const scores = scoresOf(terms[0]);
    for (const term of terms.slice(1)) {
      const more = scoresOf(term);
      for (let atom = 0; atom < scores.length; atom++) {
        scores[atom] = more[atom] === 0 || scores[atom] === 0
          ? 0
          : scores[atom] + more[atom];
      }
    }
    return scores;
  };
}

function labelScore(
  label: string | undefined,
  atom: number,
  term: string,
): number {
  if (term === `#${atom}`) return LABEL;
  const lower = label?.toLowerCase();
  if (lower === undefined || !lower.includes(term)) return 0;
  if (lower === term) return LABEL;
  return hasWord(lower, term) ? LABEL_WORD : LABEL_PART;
}

function textScore(
  rows: readonly { place: number; value: number }[],
  worth: Float32Array,
): number {
  let weight = 0;
  let matched = 0;
  let whole = false;
  for (const { place, value } of rows) {
    const size = Math.abs(value);
    weight += size;
    matched += size * worth[place];
    whole ||= worth[place] === WORD;
  }
  return matched === 0 ? 0 : matched / weight + (whole ? 1 : 0);
}

// All texts in one, so that a search is one pass of the engine's own search.
function indexOf(texts: readonly string[]) {
  const starts = new Uint32Array(texts.length + 1);
  const lowered = texts.map((text, place) => {
    const lower = text.toLowerCase();
    starts[place + 1] = starts[place] + lower.length + 1;
    return lower;
  });
  const all = lowered.join("\n");
  return {
    /** What each text's match of a term is worth. */
    worthOf(term: string, word: number, part: number): Float32Array {
      const found = new Float32Array(texts.length);
      let place = 0;
      for (let at = all.indexOf(term); at !== -1;) {
        place = placeAt(starts, at, place);
        const whole = isWord(all, at, term.length);
        found[place] = Math.max(found[place], whole ? word : part);
        at = all.indexOf(term, whole ? starts[place + 1] : at + 1);
      }
      return found;
    },
  };
}

function hasWord(text: string, term: string): boolean {
  for (
    let at = text.indexOf(term);
    at !== -1;
    at = text.indexOf(term, at + 1)
  ) {
    if (isWord(text, at, term.length)) return true;
  }
  return false;
}

const LETTER = /[\p{L}\p{N}]/u;

function isWord(text: string, at: number, length: number): boolean {
  return !LETTER.test(text.charAt(at - 1)) &&
    !LETTER.test(text.charAt(at + length));
}

function placeAt(starts: Uint32Array, at: number, from: number): number {
  let low = from;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= at) low = middle;
    else high = middle;
  }
  return low;
}
