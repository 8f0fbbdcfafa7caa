import { type AtomTable, forEachSimilarity } from "../metrics/similarity.ts";
import type { LostLabel } from "../labels/file.ts";
import {
  type AtomLabel,
  entryOf,
  inOrder,
  type LabelEntry,
  type Labels,
  labelsIn,
} from "../labels/label.ts";

/** Least |cos| between an atom and its successor for a name to go along. */
export const SUCCESSOR_COSINE = 0.9;

/** Under this |cos| the atom has moved so far that its name deserves a look. */
export const SURE_COSINE = 0.98;

/** A name that went along with its atom. */
export interface CarriedLabel {
  /** The atom it named before. */
  from: number;
  /** The atom it names now. */
  to: number;
  /** The cosine between the two; negative where the atom's sign turned, and the name's with it. */
  cosine: number;
}

/** What became of names when another dictionary took the place of theirs. */
export interface CarriedLabels {
  /** The names of the new dictionary's atoms. */
  labels: Labels;
  /** Each name that found a successor. */
  carried: CarriedLabel[];
  /** Names without one. */
  lost: LostLabel[];
}

/**
 * Takes names over to the dictionary that replaces theirs: each goes to the atom with the largest |cos| to its own,
 * where that is at least 0.9; of two names for one atom the nearer one goes along.
 *
 * @param labels names of atoms of `before`
 * @param before the dictionary that they name: unit atoms
 * @param after the dictionary that takes its place
 */
export async function carryLabels(
  labels: Labels,
  before: AtomTable,
  after: AtomTable,
): Promise<CarriedLabels> {
  const atoms = Object.keys(labels).map(Number)
    .filter((atom) => atom < before.atoms);
  const successors = before.width === after.width
    ? await successorsOf(atoms, before, after)
    : atoms.map((from) => ({ from, to: -1, cosine: 0 }));
  successors.sort((a, b) =>
    Math.abs(b.cosine) - Math.abs(a.cosine) || a.from - b.from
  );
  const named: Record<string, LabelEntry> = {};
  const carried: CarriedLabel[] = [];
  const lost: LostLabel[] = [];
  for (const successor of successors) {
    const { from, to, cosine } = successor;
    const entry = labels[from];
    if (Math.abs(cosine) < SUCCESSOR_COSINE || to in named) {
      lost.push({ atom: from, entry, cosine: Math.abs(cosine) });
    } else {
      named[to] = cosine < 0 ? turned(entry) : entry;
      carried.push(successor);
    }
  }
  const byAtom = (a: CarriedLabel, b: CarriedLabel) => a.from - b.from;
  return {
    labels: inOrder(named),
    carried: carried.sort(byAtom),
    lost: lost.sort((a, b) => a.atom - b.atom),
  };
}

async function successorsOf(
  atoms: readonly number[],
  before: AtomTable,
  after: AtomTable,
): Promise<CarriedLabel[]> {
  const { width } = before;
  const rows = new Float32Array(atoms.length * width);
  atoms.forEach((atom, i) =>
    rows.set(
      before.dictionary.subarray(atom * width, (atom + 1) * width),
      i * width,
    )
  );
  const found: CarriedLabel[] = [];
  await forEachSimilarity(
    { width, atoms: atoms.length, dictionary: rows },
    after,
    (i, products) => {
      let best = 0;
      for (let j = 1; j < products.length; j++) {
        if (Math.abs(products[j]) > Math.abs(products[best])) best = j;
      }
      found.push({ from: atoms[i], to: best, cosine: products[best] });
    },
  );
  return found;
}

// The atom's sign turned: what was said of its positive codes holds for its negative ones now.
function turned(entry: LabelEntry): LabelEntry {
  const labels = labelsIn(entry).map((one): AtomLabel =>
    one.sign === undefined
      ? one
      : { ...one, sign: one.sign === "+" ? "-" : "+" }
  );
  return entryOf(labels.length === 2 ? labels.toReversed() : labels);
}

/** What to say of names that went along: how many, which moved, which were lost; `undefined` where there were none. */
export function carriedNotice(
  { carried, lost }: Pick<CarriedLabels, "carried" | "lost">,
  lostFile: string,
): string | undefined {
  if (carried.length + lost.length === 0) return undefined;
  const moved = carried.filter(({ cosine }) => Math.abs(cosine) < SURE_COSINE);
  const parts = [
    `${carried.length} ${carried.length === 1 ? "name" : "names"} kept`,
  ];
  if (moved.length > 0) {
    const which = moved.slice(0, 5).map(({ from, to, cosine }) =>
      `${from === to ? to : `${from} → ${to}`} |cos| ${
        Math.abs(cosine).toFixed(2)
      }`
    );
    const more = moved.length > 5 ? `, and ${moved.length - 5} more` : "";
    parts.push(
      `look again at those whose atoms moved (${which.join(", ")}${more})`,
    );
  }
  if (lost.length > 0) {
    const which = lost.slice(0, 5).map(({ atom }) => atom).join(", ");
    const more = lost.length > 5 ? ", …" : "";
    parts.push(
      `${lost.length} without a successor (${which}${more}), written to ${lostFile}`,
    );
  }
  return `Labels: ${parts.join("; ")}`;
}
