import type { RunOptions } from "../coding/coder.ts";
import { checkWidth, codeRows } from "../coding/rows.ts";
import type { Codes } from "../engine/engine.ts";
import { dot } from "../engine/reference/products.ts";
import { DbksvdError } from "../errors.ts";
import { labelOfSign } from "../labels/label.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { DictionaryModel } from "../model/model.ts";
import { readingCoder } from "../use/activations.ts";
import { rowsFromArray } from "../rows/memory.ts";
import type { RowSource } from "../rows/source.ts";
import type { RowText } from "./latent_rows.ts";
import { slots } from "./describe.ts";
import type { InspectOptions } from "./options.ts";
import { textsOf } from "./row_texts.ts";

/** One row as its atoms make it up. */
export interface RowDescription extends Partial<RowText> {
  /** Its number within the source. */
  row: number;
  /** What of its atoms was read. */
  by: AtomReading;
  /** ‖r‖²/‖y − mean‖²; activations leave none. */
  residual?: number;
  /** Largest contribution first; by activation the largest of these. */
  atoms: {
    atom: number;
    label?: string | undefined;
    /** Coefficient, or activation, in raw units. */
    value: number;
    /**
     * ⟨value·atom, y − mean⟩/‖y − mean‖²: contributions and the residual's share add up to about 1; activations have
     * none.
     */
    contribution?: number;
  }[];
}

/**
 * One row's atoms and what each contributes, or shows.
 *
 * @param model the dictionary
 * @param source where the row is
 * @param row its number
 * @param options what of the atoms is read, `code` by default, a text column and what its ids stand for, the device
 * @throws {DbksvdError} `usage` where there is no such row
 */
export async function describeRow(
  model: DictionaryModel,
  source: RowSource,
  row: number,
  options: RunOptions & Pick<InspectOptions, "by" | "text" | "tokens"> = {},
): Promise<RowDescription> {
  checkWidth(source, model.width);
  if (!(Number.isInteger(row) && row >= 0 && row < source.rowCount)) {
    throw new DbksvdError("usage", `There is no row ${row}`, {
      mend: `rows are 0 to ${source.rowCount - 1}`,
    });
  }
  const { by = "code" } = options;
  const data = await source.read({ start: row, end: row + 1 });
  const centred = data.map((value, d) => value - model.mean[d]);
  const coder = await readingCoder(model, by, options);
  try {
    // Not by way of the source: a row that its filters drop is shown as well.
    const coded = codeRows(rowsFromArray(data, model.width), [coder], options);
    const { value } = await coded.next();
    const [codes] = value!.codes as [Codes];
    const { text: column, tokens } = options;
    const [found] = column === undefined
      ? []
      : await textsOf(source, { column, tokens }, Float64Array.of(row));
    const { text, before, after } = found ?? {};
    const uses = slots(0, codes.sparsity, codes.indices).map((slot) =>
      useOf(model, codes.indices[slot], codes.values[slot])
    );
    if (by === "activation") {
      uses.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      return { row, by, text, before, after, atoms: uses };
    }
    const contribution = contributions(model, centred);
    const atoms = uses.map((use) => ({
      ...use,
      contribution: contribution(use),
    })).sort((a, b) => b.contribution - a.contribution);
    const [residual] = codes.residual;
    return { row, by, text, before, after, residual, atoms };
  } finally {
    await coder.close();
  }
}

function useOf(model: DictionaryModel, atom: number, value: number) {
  const entry = model.labels?.[atom];
  return {
    atom,
    label: entry === undefined
      ? undefined
      : labelOfSign(entry, value < 0 ? "-" : "+")?.label,
    value,
  };
}

function contributions(
  { width, dictionary }: DictionaryModel,
  centred: Float32Array,
): (use: { atom: number; value: number }) => number {
  const energy = dot(centred, 0, centred, 0, width);
  return ({ atom, value }) => {
    const along = value * dot(dictionary, atom * width, centred, 0, width);
    return energy === 0 ? 0 : along / energy;
  };
}
