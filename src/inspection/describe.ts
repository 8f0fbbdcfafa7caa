import { EMPTY_SLOT } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { LatentClass } from "../metrics/probe_result.ts";
import type { AtomLogits, LatentRows, TokenLogits } from "../report/data.ts";
import type { Inspection } from "./inspect.ts";
import type { RowText } from "./latent_rows.ts";

/** A row that shows an atom. */
export type ShownRow = {
  /** Its number within the source. */
  row: number;
  /** Its code, or its activation, in raw units. */
  value: number;
  /** How often the same text stood among the atom's rows, where it was more than once. */
  times?: number;
} & Partial<RowText>;

/** What one sign of an atom's codes stands for. */
export interface SideDescription {
  /** The sign. */
  sign: "+" | "-";
  /** Rows that use the atom with it. */
  uses: number;
  /** Largest |code value|, in raw units. */
  maxActivation: number;
  /** The rows that use it most, strongest first, without repeats. */
  top: ShownRow[];
  /** Rows drawn evenly from all that use it, strongest first. */
  spread: ShownRow[];
}

/** A token, and what a code value of 1 (in raw units) adds to its logit. */
export interface TokenLogit {
  /** Its id in the vocabulary. */
  id: number;
  /** Its text, a leading space included. */
  token: string;
  /** What it adds. */
  logit: number;
}

/** The tokens that a sign of an atom's codes promotes and suppresses, per unit of |code value|. */
export interface SideLogits {
  /** The sign. */
  sign: "+" | "-";
  /** The largest logits, largest first. */
  promoted: TokenLogit[];
  /** The smallest, smallest first. */
  suppressed: TokenLogit[];
}

/** One atom, with what uses it. */
export interface AtomDescription {
  /** Its index. */
  atom: number;
  /** Its name, if it was given one. */
  label?: string | undefined;
  /** What rows use it by: its code, or its activation, which all values below are. */
  by: AtomReading;
  /** Rows that use it, of those inspected. */
  uses: number;
  /** Mean |code value| over its uses, in raw units. */
  meanActivation: number;
  /** Largest |code value|, in raw units. */
  maxActivation: number;
  /** The largest |⟨d, d'⟩| to another atom. */
  coherence: number;
  /** The atoms most like it, nearest first. */
  nearest: { atom: number; label?: string; similarity: number }[];
  /** The classes that it tells best, where it was probed: one a sign. */
  classes?: LatentClass[];
  /** The rows that use it most, of both signs, strongest first. */
  top: ShownRow[];
  /** The signs of its codes, the one with the larger activation first. */
  sides: SideDescription[];
  /** The atoms that fire together with it: the share of its rows that use the other as well. */
  together: { atom: number; label?: string | undefined; share: number }[];
  /** The tokens that it promotes and suppresses, by sign, where an unembedding was given. */
  logits?: SideLogits[];
}

/**
 * One atom of an inspection: usage, neighbours, the rows that use it most, by sign.
 *
 * @param inspection what `inspect` returned
 * @param atom which one
 * @throws {DbksvdError} `usage` where there is no such atom
 */
export function describeAtom(
  inspection: Inspection,
  atom: number,
): AtomDescription {
  checkAtom(inspection, atom);
  const { table, together } = inspection;
  const { labels, nearest } = table;
  const sides = sidesOf(inspection, atom);
  return {
    atom,
    label: labels[atom],
    by: inspection.by,
    uses: table.uses[atom],
    meanActivation: table.meanActivation[atom],
    maxActivation: table.maxActivation[atom],
    coherence: table.coherence[atom],
    nearest: slots(atom, nearest.count, nearest.indices).map((slot) => ({
      atom: nearest.indices[slot],
      label: labels[nearest.indices[slot]],
      similarity: nearest.cosines[slot],
    })),
    ...(table.classes && { classes: [...table.classes[atom] ?? []] }),
    top: sides.flatMap(({ top }) => top)
      .sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.row - b.row)
      .slice(0, inspection.top.perLatent),
    sides,
    together: together === undefined
      ? []
      : slots(atom, together.count, together.indices).map((slot) => ({
        atom: together.indices[slot],
        label: labels[together.indices[slot]],
        share: together.shares[slot],
      })),
    ...inspection.logits && {
      logits: logitsOf(inspection.logits, inspection.sides, atom),
    },
  };
}

function logitsOf(
  { count, promoted, suppressed, ids, texts }: AtomLogits,
  sides: number,
  atom: number,
): SideLogits[] {
  const listed = ({ tokens, logits }: TokenLogits, sign: 1 | -1) =>
    slots(atom, count, tokens).map((slot) => ({
      id: ids[tokens[slot]],
      token: texts[tokens[slot]],
      logit: sign * logits[slot],
    }));
  const positive: SideLogits = {
    sign: "+",
    promoted: listed(promoted, 1),
    suppressed: listed(suppressed, 1),
  };
  if (sides === 1) return [positive];
  return [positive, {
    sign: "-",
    promoted: listed(suppressed, -1),
    suppressed: listed(promoted, -1),
  }];
}

function sidesOf(inspection: Inspection, atom: number): SideDescription[] {
  const { sides, table: { latents }, top, spread, pictures } = inspection;
  // Pictures of one caption are not the same.
  const once = pictures === undefined
    ? withoutRepeats
    : (rows: ShownRow[]) => rows;
  return Array.from({ length: sides }, (_, side) => {
    const latent = atom * sides + side;
    return {
      sign: side === 0 ? "+" as const : "-" as const,
      uses: latents.uses[latent],
      maxActivation: latents.maxActivation[latent],
      top: once(shownRows(inspection, top, latent)),
      spread: once(shownRows(inspection, spread, latent)),
    };
  }).filter(({ uses }, side) => uses > 0 || sides === 1 && side === 0)
    .sort((a, b) => b.maxActivation - a.maxActivation);
}

function shownRows(
  { samples }: Inspection,
  { perLatent, samples: places, values }: LatentRows,
  latent: number,
): ShownRow[] {
  return slots(latent, perLatent, places).map((slot) => {
    const place = places[slot];
    return {
      row: samples.rows[place],
      text: samples.texts[place],
      ...samples.before && { before: samples.before[place] },
      ...samples.after && { after: samples.after[place] },
      value: values[slot],
    };
  });
}

/** Rows of one text stand once, the strongest of them, with how many there were. */
export function withoutRepeats(rows: readonly ShownRow[]): ShownRow[] {
  const shown = new Map<string, ShownRow>();
  for (const row of rows) {
    const key = row.text === undefined || row.text === ""
      ? `row ${row.row}`
      : JSON.stringify([row.before, row.text, row.after]);
    const known = shown.get(key);
    if (known === undefined) shown.set(key, { ...row });
    else known.times = (known.times ?? 1) + 1;
  }
  return [...shown.values()];
}

/** The filled places of one list of a table. */
export function slots(
  list: number,
  count: number,
  indices: Uint32Array,
): number[] {
  return Array.from({ length: count }, (_, i) => list * count + i)
    .filter((slot) => indices[slot] !== EMPTY_SLOT);
}

function checkAtom({ atoms }: Inspection, atom: number): void {
  if (Number.isInteger(atom) && atom >= 0 && atom < atoms) return;
  throw new DbksvdError("usage", `There is no atom ${atom}`, {
    mend: `atoms are 0 to ${atoms - 1}`,
  });
}
