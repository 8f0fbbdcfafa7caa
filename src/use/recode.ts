import { DEFAULT_TRAIN_OPTIONS } from "../options/train_options.ts";
import { unitAtoms } from "../metrics/similarity.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { TOOL_VERSION } from "../version.ts";

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
  const model = decoderOf(sae);
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
