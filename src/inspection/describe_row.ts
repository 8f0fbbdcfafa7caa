import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { checkWidth, codeRows } from "../coding/rows.ts";
import type { Codes } from "../engine/engine.ts";
import { dot } from "../engine/reference/products.ts";
import { DbksvdError } from "../errors.ts";
import { labelOfSign } from "../labels/label.ts";
import type { DictionaryModel } from "../model/model.ts";
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
  /** ‖r‖²/‖y − mean‖². */
  residual: number;
  /** Largest contribution first. */
  atoms: {
    atom: number;
    label?: string | undefined;
    /** Coefficient, in raw units. */
    value: number;
    /** ⟨value·atom, y − mean⟩/‖y − mean‖²: contributions and the residual's share add up to about 1. */
    contribution: number;
  }[];
}

/**
 * One row's atoms and what each contributes.
 *
 * @param model the dictionary
 * @param source where the row is
 * @param row its number
 * @param options a text column and what its ids stand for, the device
 * @throws {DbksvdError} `usage` where there is no such row
 */
export async function describeRow(
  model: DictionaryModel,
  source: RowSource,
  row: number,
  options: RunOptions & Pick<InspectOptions, "text" | "tokens"> = {},
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
    const { text: column, tokens } = options;
    const [found] = column === undefined
      ? []
      : await textsOf(source, { column, tokens }, Float64Array.of(row));
    const atoms = slots(0, codes.sparsity, codes.indices).map((slot) =>
      contributionOf(model, centred, codes.indices[slot], codes.values[slot])
    );
    atoms.sort((a, b) => b.contribution - a.contribution);
    const { text, before, after } = found ?? {};
    return { row, text, before, after, residual: codes.residual[0], atoms };
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
