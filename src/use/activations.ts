import {
  coderOn,
  engineCoder,
  engineFor,
  type RowCoder,
  type RunOptions,
  type SparseCodes,
} from "../coding/coder.ts";
import { codingSpec } from "../coding/spec.ts";
import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import { coderInWords } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { autoencoderCoder } from "./autoencoder_coder.ts";

/**
 * A coder that gives rows' largest activations in place of codes: a dictionary's correlations with the centred row, or
 * what an autoencoder's own encoder gives. They rebuild nothing, so that residuals are not known (NaN).
 *
 * @param model a dictionary, or an autoencoder's decoder with its encoder
 * @param most how many of a row are kept
 * @param options where it runs
 * @throws {DbksvdError} `usage` where there are fewer atoms, `device` where the engine cannot be made
 */
export async function activationCoder(
  model: DictionaryModel,
  most: number,
  options: RunOptions,
): Promise<RowCoder<Codes>> {
  if (!(Number.isInteger(most) && most >= 1 && most <= model.atoms)) {
    throw new DbksvdError("usage", `A row has no ${most} activations`, {
      mend: `keep 1 to ${model.atoms}, as many as there are atoms`,
    });
  }
  const coder = model.autoencoder === undefined
    ? await correlations(model, most, options)
    : autoencoderCoder(model.autoencoder);
  return {
    ...coder,
    description: activationInWords(model, most),
    encode: async (rows) =>
      withoutResidual(largest(await coder.encode(rows), most)),
  };
}

/**
 * A coder that reads a model's atoms: by its codes, or by as many of a row's largest activations as these have
 * nonzeros.
 *
 * @param model a dictionary
 * @param by what is read
 * @param options where it runs
 * @throws {DbksvdError} `device` where the engine cannot be made
 */
export function readingCoder(
  model: DictionaryModel,
  by: AtomReading,
  options: RunOptions,
): Promise<RowCoder<Codes>> {
  return by === "code"
    ? engineCoder(model, options)
    : activationCoder(model, model.coder.sparsity, options);
}

/** How a reading is made, in words; of activations, how many of a row, those of {@linkcode readingCoder} by default. */
export function readingInWords(
  model: DictionaryModel,
  by: AtomReading,
  most: number = model.coder.sparsity,
): string {
  return by === "code" ? coderInWords(model) : activationInWords(model, most);
}

// Which activations are kept, in words.
function activationInWords(
  { autoencoder, coder }: DictionaryModel,
  most: number,
): string {
  const largest = most === 1 ? "the largest" : `the ${most} largest`;
  if (autoencoder !== undefined) {
    const { format, activation } = autoencoder;
    return `${largest} of a row by its own encoder (${format} ${activation.kind})`;
  }
  const sign = onlyPositive(coder) ? "positive " : "";
  return `${largest} ${sign}${
    most === 1 ? "correlation" : "correlations"
  } of a row`;
}

async function correlations(
  model: DictionaryModel,
  most: number,
  options: RunOptions,
): Promise<RowCoder<Codes>> {
  const spec = codingSpec(model);
  const engine = await engineFor({
    ...spec,
    groups: [model.atoms],
    coder: {
      method: "correlations",
      sparsity: most,
      nonnegative: onlyPositive(model.coder),
      tolerance: 0,
      refit: false,
    },
  }, options);
  try {
    await engine.loadDictionary(model.dictionary);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return coderOn(engine, model);
}

// Where negative correlations choose no atom, they show nothing either.
function onlyPositive(
  { nonnegative, candidates }: DictionaryModel["coder"],
): boolean {
  return nonnegative || candidates === "positive";
}

// The largest values of each row, the largest first; a row has some, or fewer.
function largest(codes: SparseCodes, most: number): SparseCodes {
  if (codes.sparsity <= most) return codes;
  const { rows, sparsity } = codes;
  const indices = new Uint32Array(rows * most).fill(EMPTY_SLOT);
  const values = new Float32Array(rows * most);
  for (let row = 0; row < rows; row++) {
    const first = row * sparsity;
    Array.from({ length: sparsity }, (_, s) => first + s)
      .filter((slot) => codes.indices[slot] !== EMPTY_SLOT)
      .sort((a, b) =>
        Math.abs(codes.values[b]) - Math.abs(codes.values[a]) || a - b
      )
      .slice(0, most)
      .forEach((slot, s) => {
        indices[row * most + s] = codes.indices[slot];
        values[row * most + s] = codes.values[slot];
      });
  }
  return { rows, sparsity: most, indices, values };
}

function withoutResidual(
  { rows, sparsity, indices, values }: SparseCodes,
): Codes {
  const residual = new Float32Array(rows).fill(NaN);
  return { rows, sparsity, indices, values, residual };
}
