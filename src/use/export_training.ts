import type { RunOptions } from "../coding/coder.ts";
import { LABEL_FILES, type LostLabel } from "../labels/file.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSet, RowSource } from "../rows/source.ts";
import { carriedNotice } from "./carry_labels.ts";
import {
  byThreshold,
  fittedAutoencoder,
  labelsOfLatents,
  labelsThatMoved,
  thresholdEach,
} from "./export_autoencoder.ts";
import type { ExportFormat } from "./export_formats.ts";
import { type AutoencoderFit, fitAutoencoder } from "./fit_autoencoder.ts";

/** How the autoencoder of an export is trained. */
export interface ExportTraining extends RunOptions {
  /** The target. */
  format: ExportFormat;
  /** Steps of an autoencoder's training, of 1024 rows each; 600 by default. */
  steps?: number | undefined;
  /**
   * Keep the atoms as they are: only the encoder learns, and a dictionary with signed codes becomes [D; −D]. An
   * autoencoder whose decoder learns too has a lower error, and its atoms differ from the dictionary's.
   */
  fixedAtoms?: boolean | undefined;
}

/** What a dictionary became. */
export interface Exported {
  sae: SparseAutoencoder;
  fit?: AutoencoderFit;
  meanCosine?: number;
  lostLabels?: readonly LostLabel[];
}

/**
 * Trains the autoencoder that a dictionary is exported as, and takes the names of its atoms along.
 *
 * @param model the dictionary
 * @param source rows to train on
 * @param heldOut those to leave out
 * @param options the target; how the training runs
 */
export async function trainedAutoencoder(
  model: DictionaryModel,
  source: RowSource,
  heldOut: RowSet | undefined,
  options: ExportTraining,
): Promise<Exported> {
  const { format, fixedAtoms } = options;
  const { fit, ...parts } = await fitAutoencoder(model, source, {
    ...options,
    except: heldOut,
    selection: byThreshold(format) ? "batch" : "row",
    thresholdEach: thresholdEach(format),
  });
  const sae = fittedAutoencoder(model, parts, format);
  if (fixedAtoms) {
    return { sae: { ...sae, labels: labelsOfLatents(model, sae.atoms) }, fit };
  }
  const { names, moves } = await labelsThatMoved(model, sae);
  const notice = carriedNotice(moves, LABEL_FILES.lost);
  if (notice !== undefined) options.onNotice?.(notice);
  return {
    sae: { ...sae, labels: model.labels && names },
    fit,
    meanCosine: meanCosineOf(model, sae),
    lostLabels: moves.lost,
  };
}

function meanCosineOf(
  { atoms, width, dictionary }: DictionaryModel,
  sae: SparseAutoencoder,
): number {
  let sum = 0;
  for (let j = 0; j < atoms; j++) {
    let cosine = 0;
    for (let d = j * width; d < (j + 1) * width; d++) {
      cosine += dictionary[d] * sae.dictionary[d];
    }
    sum += Math.abs(cosine);
  }
  return sum / atoms;
}
