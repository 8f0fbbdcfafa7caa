import type { AutoencoderSpec } from "../autoencoder/layout.ts";
import { trainingSpec } from "../autoencoder/train.ts";
import { engineCoder, type RunOptions, runOptions } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import type { Communicator } from "../distributed/communicator.ts";
import {
  EMPTY_SLOT,
  type EngineInfo,
  type EngineSpec,
} from "../engine/engine.ts";
import type { LearnedRows } from "../learn/hooks.ts";
import { withoutSharing } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import type { RowSource } from "../rows/source.ts";
import { fitAutoencoder, levelsOf } from "./fit_autoencoder.ts";

/** Rows by whose codes the atoms' uses are counted anew. */
const COUNTED_ROWS = 16384;

/** What a dictionary's training as a decoder changes of it, and what did that. */
interface Decoder {
  changes: Pick<DictionaryModel, "dictionary" | "usage">;
  device: Omit<EngineInfo, "details">;
}

/** A dictionary that was trained on as a decoder. */
export interface DecoderTrained {
  model: DictionaryModel;
  /** What trained it. */
  device: Omit<EngineInfo, "details">;
}

/** How a dictionary is trained on as a decoder. */
export interface DecoderTraining extends RunOptions, LearnedRows {
  /** Steps of 1024 rows. */
  steps: number;
  /** The processes that train together: the first one does it, and gives the others what came out. */
  group?: Communicator | undefined;
  /** Where they are taken, where that was found before. */
  on?: "gpu" | "cpu" | undefined;
}

/** What of an engine's specification the training of its atoms as a decoder goes by. */
export type DecoderOf = Pick<
  EngineSpec,
  "width" | "atoms" | "groups" | "coder"
>;

/** The training of the atoms as a decoder, out of so many rows. */
export function decoderSpec(
  { width, atoms, groups, coder: { sparsity } }: DecoderOf,
  rows: number,
): AutoencoderSpec {
  const levels = levelsOf({ groups, atoms }, atoms);
  const selection = "batch" as const;
  return trainingSpec({ width, sparsity, selection, levels }, atoms, rows);
}

/**
 * Trains a learned dictionary's atoms on, as the decoder of a sparse autoencoder that begins as the dictionary: k
 * latents a row on average, and the loss is the mean over the prefixes of nested groups, so that general atoms come to
 * stand for what specific ones share. What is kept are the atoms; rows are coded as before (docs/algorithm.md).
 *
 * @param model the dictionary
 * @param source its rows
 * @param training for how long, on which rows; progress, an `AbortSignal`
 * @returns the model with these atoms, their uses counted anew; what trained them
 */
export async function trainAsDecoder(
  model: DictionaryModel,
  source: RowSource,
  training: DecoderTraining,
): Promise<DecoderTrained> {
  const { changes, device } = await fromFirst(
    training.group,
    () => decoderOf(model, source, training),
  );
  return { model: { ...model, ...changes }, device };
}

// What the first process works out, in all of them.
async function fromFirst(
  group: Communicator | undefined,
  work: () => Promise<Decoder>,
): Promise<Decoder> {
  if (group === undefined) return await work();
  const own = group.rank === 0 ? toBytes(await work()) : new Uint8Array(0);
  return await fromBytes(await group.broadcast(own)) as Decoder;
}

async function decoderOf(
  model: DictionaryModel,
  source: RowSource,
  training: DecoderTraining,
): Promise<Decoder> {
  const { steps, except, on } = training;
  const { decoder: dictionary, fit } = await fitAutoencoder(model, source, {
    ...runOptions(training),
    ...{ selection: "batch", steps, except, on },
  });
  const usage = await usesOf({ ...model, dictionary }, source, training);
  return { changes: { dictionary, usage }, device: fit.device };
}

// How often a pass over the training rows would use each atom, reckoned from some of them: k times a row, as passes
// do. Rows that share their nonzeros have no threshold yet.
async function usesOf(
  model: DictionaryModel,
  source: RowSource,
  { rows, except, onProgress: _, ...choice }: DecoderTraining,
): Promise<Uint32Array> {
  const counts = new Float64Array(model.atoms);
  const coder = await engineCoder(
    { ...model, coder: withoutSharing(model.coder) },
    runOptions(choice),
  );
  let counted = 0;
  try {
    const coded = codeRows(source, [coder], {
      signal: choice.signal,
      delivery: { shuffleSeed: model.seed, except },
      mostRows: COUNTED_ROWS,
      whole: true,
    });
    for await (const { batch, codes: [{ indices }] } of coded) {
      for (const atom of indices) if (atom !== EMPTY_SLOT) counts[atom]++;
      counted += batch.rows;
      if (counted >= COUNTED_ROWS) break;
    }
  } finally {
    await coder.close();
  }
  const times = counted === 0 ? 0 : rows / counted;
  return Uint32Array.from(counts, (count) => Math.ceil(count * times));
}
