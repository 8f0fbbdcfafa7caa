import type { DictionaryModel } from "../model/model.ts";
import { reconstruct } from "../model/reconstruct.ts";
import { pauseIfDue } from "../pause.ts";
import type { StoredCodes } from "./code_records.ts";

/** Multiplications (rows × slots × width) between two looks at the signal. */
const PART_WORK = 2 ** 25;

/** The rows of some codes, one after the other: a part at a time, so that signals are heeded. */
export async function reconstructAll(
  model: DictionaryModel,
  codes: StoredCodes["codes"],
  signal?: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const { sparsity: k } = codes;
  const { width } = model;
  const all = new Float32Array(codes.rows * width);
  const most = Math.max(1, Math.floor(PART_WORK / (k * width)));
  for (let from = 0; from < codes.rows; from += most) {
    await pauseIfDue(signal);
    const to = Math.min(codes.rows, from + most);
    const part = reconstruct(model, {
      rows: to - from,
      sparsity: k,
      indices: codes.indices.subarray(from * k, to * k),
      values: codes.values.subarray(from * k, to * k),
    });
    all.set(part, from * width);
  }
  return all;
}
