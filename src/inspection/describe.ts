import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { checkWidth, codeRows } from "../coding/rows.ts";
import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { labelOfSign } from "../labels/label.ts";
import { DbksvdError } from "../errors.ts";
import { dot } from "../engine/reference/products.ts";
import type { DictionaryModel } from "../model/model.ts";
import { rowsFromArray } from "../rows/memory.ts";
import type { RowSource } from "../rows/source.ts";
import type { Inspection } from "./inspect.ts";
import { textsOf } from "./row_texts.ts";
import type { RowText } from "./top_rows.ts";

/** One atom, with what uses it. */
export interface AtomDescription {
  /** Its index. */
  atom: number;
  /** Its name, if it was given one. */
  label?: string;
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
  /** The rows that use it most, strongest first. */
  top: ({ row: number; value: number } & Partial<RowText>)[];
}

/** An atom that a search found. */
export interface AtomHit {
  /** Its index. */
  atom: number;
  /** Its name, if it was given one. */
  label?: string;
  /** Share of its top rows' weight that the query matches, parts of words counting half; 1 where its label does. */
  score: number;
  /** Matching texts, strongest first. */
  texts: string[];
}

/** One row as its atoms make it up. */
export interface RowDescription extends Partial<RowText> {
  /** Its number within the source. */
  row: number;
  /** ‖r‖²/‖y − mean‖². */
  residual: number;
  /** Largest contribution first. */
  atoms: {
    atom: number;
    label?: string;
    /** Coefficient, in raw units. */
    value: number;
    /** ⟨value·atom, y − mean⟩/‖y − mean‖²: contributions and the residual's share add up to about 1. */
    contribution: number;
  }[];
}

/**
 * One atom of an inspection: usage, neighbours, the rows that use it most.
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
  const { table, top } = inspection;
  const { labels, nearest } = table;
  return {
    atom,
    label: labels[atom],
    uses: table.uses[atom],
    meanActivation: table.meanActivation[atom],
    maxActivation: table.maxActivation[atom],
    coherence: table.coherence[atom],
    nearest: slots(atom, nearest.count, nearest.indices).map((slot) => ({
      atom: nearest.indices[slot],
      label: labels[nearest.indices[slot]],
      similarity: nearest.cosines[slot],
    })),
    top: slots(atom, top.perAtom, top.samples).map((slot) => ({
      ...sampleOf(inspection, top.samples[slot]),
      value: top.values[slot],
    })),
  };
}

/**
 * Finds atoms by text: in their labels and in the texts of the rows that use them most.
 *
 * @param inspection what `inspect` returned, with a text column
 * @param query what to look for; case does not matter
 * @returns atoms that match, best first
 *
 * @example
 * ```ts
 * import { inspect, rowsFromArray, searchAtoms, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const { model } = await train(rowsFromArray(rows, 4), { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const inspection = await inspect({ ...model, labels: { "3": "waves" } });
 * assert.equal(searchAtoms(inspection, "Wave")[0].atom, 3);
 * ```
 */
export function searchAtoms(inspection: Inspection, query: string): AtomHit[] {
  const wanted = query.toLowerCase();
  const { samples, top, table, atoms } = inspection;
  const matches = samples.texts.map((text) => matchOf(text, wanted));
  const hits: AtomHit[] = [];
  for (let atom = 0; atom < atoms; atom++) {
    const label = table.labels[atom];
    const texts: string[] = [];
    let weight = 0;
    let matched = 0;
    for (const slot of slots(atom, top.perAtom, top.samples)) {
      const size = Math.abs(top.values[slot]);
      weight += size;
      const match = matches[top.samples[slot]];
      if (match === 0) continue;
      matched += size * match;
      texts.push(samples.texts[top.samples[slot]]);
    }
    const named = label?.toLowerCase().includes(wanted) ?? false;
    if (!named && texts.length === 0) continue;
    hits.push({ atom, label, score: named ? 1 : matched / weight, texts });
  }
  return hits.sort((a, b) => b.score - a.score || a.atom - b.atom);
}

// 1 for the whole text or a whole word of it, a half for a part of a word, 0 for no match.
function matchOf(text: string, wanted: string): number {
  const lower = text.toLowerCase();
  if (!lower.includes(wanted)) return 0;
  const words = lower.split(/[^\p{L}\p{N}]+/u);
  return lower.trim() === wanted || words.includes(wanted) ? 1 : 0.5;
}

/**
 * One row's atoms and what each contributes.
 *
 * @param model the dictionary
 * @param source where the row is
 * @param row its number
 * @param options a text column, the device
 * @throws {DbksvdError} `usage` where there is no such row
 */
export async function describeRow(
  model: DictionaryModel,
  source: RowSource,
  row: number,
  options: RunOptions & { text?: string } = {},
): Promise<RowDescription> {
  checkWidth(source, model.width);
  if (!(Number.isInteger(row) && row >= 0 && row < source.rowCount)) {
    throw new DbksvdError("usage", `There is no row ${row}`, {
      mend: `rows are 0 to ${source.rowCount - 1}`,
    });
  }
  const data = await source.read({ start: row, end: row + 1 });
  const centred = data.map((value, d) => value - model.mean[d]);
  const coder = await engineCoder(model, options);
  try {
    // Not by way of the source: a row that its filters drop is shown as well.
    const coded = codeRows(rowsFromArray(data, model.width), [coder], options);
    const { value } = await coded.next();
    const [codes] = value!.codes as [Codes];
    const [text] = options.text === undefined
      ? []
      : await textsOf(source, options.text, Float64Array.of(row));
    const atoms = slots(0, codes.sparsity, codes.indices).map((slot) =>
      contributionOf(model, centred, codes.indices[slot], codes.values[slot])
    );
    atoms.sort((a, b) => b.contribution - a.contribution);
    return { row, ...text, residual: codes.residual[0], atoms };
  } finally {
    await coder.close();
  }
}

function contributionOf(
  model: DictionaryModel,
  centred: Float32Array,
  atom: number,
  value: number,
) {
  const { width, dictionary } = model;
  const entry = model.labels?.[atom];
  const energy = dot(centred, 0, centred, 0, width);
  const along = value * dot(dictionary, atom * width, centred, 0, width);
  return {
    atom,
    label: entry === undefined
      ? undefined
      : labelOfSign(entry, value < 0 ? "-" : "+")?.label,
    value,
    contribution: energy === 0 ? 0 : along / energy,
  };
}

function sampleOf({ samples }: Inspection, place: number) {
  return {
    row: samples.rows[place],
    text: samples.texts[place],
    ...samples.before && { before: samples.before[place] },
    ...samples.after && { after: samples.after[place] },
  };
}

// The places of one atom (or row) that are in use.
function slots(which: number, count: number, indices: Uint32Array): number[] {
  return Array.from({ length: count }, (_, i) => which * count + i)
    .filter((slot) => indices[slot] !== EMPTY_SLOT);
}

function checkAtom({ atoms }: Inspection, atom: number) {
  if (Number.isInteger(atom) && atom >= 0 && atom < atoms) return;
  throw new DbksvdError("usage", `There is no atom ${atom}`, {
    mend: `atoms are 0 to ${atoms - 1}`,
  });
}
