import { DEFAULT_TRAIN_OPTIONS } from "../options/train_options.ts";
import { unitAtoms } from "../metrics/similarity.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { checkWidth } from "../coding/rows.ts";
import { EMPTY_SLOT } from "../engine/engine.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import { encodeRows } from "./autoencoder_coder.ts";

/** The ridge of the choice of latents: what is shared stays on beside what is specific, as encoders have it. */
const RECODED_RIDGE = 0.3;

/**
 * An autoencoder's decoder as a dictionary: rows of unit length, around b_dec, coded by pursuit with as many nonzeros
 * as its encoder has.
 *
 * @param sae the autoencoder
 */
export function decoderOf(sae: SparseAutoencoder): DictionaryModel {
  const { width, atoms, mean } = sae;
  const k = "k" in sae.activation
    ? sae.activation.k
    : DEFAULT_TRAIN_OPTIONS.sparsity;
  return {
    width,
    atoms,
    dictionary: unitAtoms(sae).dictionary,
    mean,
    scale: 1,
    usage: new Uint32Array(atoms),
    groups: [atoms],
    coder: {
      method: "omp",
      sparsity: Math.min(k, atoms, width),
      nonnegative: !("signed" in sae.activation),
      tolerance: 0,
      refit: false,
    },
    seed: 0,
    toolVersion: TOOL_VERSION,
    labels: sae.labels,
    autoencoder: sae,
  };
}

/**
 * An autoencoder's decoder as a dictionary whose codes are found by this tool's pursuit in place of its encoder: the
 * latents are chosen with a ridge, their coefficients are least squares and may take either sign.
 *
 * @param sae the autoencoder
 * @param sparsity nonzeros a row
 */
export function recode(
  sae: SparseAutoencoder,
  sparsity: number,
): DictionaryModel {
  // Its own encoder says nothing any more.
  const { autoencoder: _, ...model } = decoderOf(sae);
  return {
    ...model,
    coder: {
      ...model.coder,
      sparsity: Math.max(1, Math.min(sparsity, sae.atoms, sae.width)),
      nonnegative: false,
      selectionRidge: RECODED_RIDGE,
    },
  };
}

/** Rows that an encoder's own number of active latents is counted on. */
const COUNTED_ROWS = 1024;

/**
 * An autoencoder's decoder, re-coded with as many nonzeros as its own encoder has: k where it has one, else the mean
 * over the first rows.
 *
 * @param sae the autoencoder
 * @param source rows
 * @param rows which of them
 * @throws {DbksvdError} `data` where rows are not of its width
 */
export async function recodeAsEncoded(
  sae: SparseAutoencoder,
  source: RowSource,
  rows?: Pick<BatchOptions, "only">,
): Promise<DictionaryModel> {
  checkWidth(source, sae.width);
  if ("k" in sae.activation) return recode(sae, sae.activation.k);
  let active = 0, counted = 0;
  for await (const batch of source.batches(COUNTED_ROWS, rows)) {
    const { indices } = encodeRows(sae, batch.data, batch.rows);
    for (const index of indices) if (index !== EMPTY_SLOT) active++;
    counted += batch.rows;
    if (counted >= COUNTED_ROWS) break;
  }
  return recode(sae, counted > 0 ? Math.round(active / counted) : 1);
}
