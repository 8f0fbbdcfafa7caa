import type { SparseAutoencoder } from "../../../src/model/autoencoder.ts";
import type { DictionaryModel } from "../../../src/model/model.ts";
import {
  type CoderChanges,
  withCoder,
} from "../../../src/use/coder_changes.ts";

/** An autoencoder's decoder as a dictionary, with as many nonzeros, coded by OMP. */
export function decoderOf(
  sae: SparseAutoencoder,
  changes: CoderChanges,
): DictionaryModel {
  const { width, atoms, dictionary, mean, activation } = sae;
  const sparsity = activation.kind === "topk" ? activation.k : 8;
  return withCoder({
    ...{ width, atoms, dictionary, mean, scale: 1 },
    usage: new Uint32Array(atoms),
    groups: [atoms],
    coder: {
      ...{ method: "omp", sparsity, nonnegative: false },
      ...{ tolerance: 0, refit: false },
    },
    ...{ seed: 0, toolVersion: "" },
  }, changes);
}
