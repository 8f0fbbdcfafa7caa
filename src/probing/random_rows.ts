import type { DictionaryModel } from "../model/model.ts";
import { randomStream } from "../random.ts";
import { chooseRows } from "../rows/row_set.ts";
import type { RowSet, RowSource } from "../rows/source.ts";

/** Rows read at a time. */
const ROWS_AT_ONCE = 4096;

/**
 * A dictionary of random rows with as many atoms and nonzeros as a model: what a probe of atoms is worth that nobody
 * learned.
 *
 * @param model whose mean, size and nonzeros to take
 * @param source where rows come from
 * @param apart rows that are not to be taken
 * @param seed which ones are
 */
export async function randomRowsModel(
  model: DictionaryModel,
  source: RowSource,
  apart: (row: number) => boolean,
  seed: number,
): Promise<DictionaryModel> {
  const { width, atoms, mean } = model;
  const dictionary = new Float32Array(atoms * width);
  let done = 0;
  const chosen = chooseRows(
    source.rowCount,
    Math.min(source.rowCount, 2 * atoms),
    randomStream(seed, "probe", "random rows"),
  );
  const only: RowSet = {
    size: chosen.size,
    has: (row) => chosen.has(row) && !apart(row),
  };
  const random = randomStream(seed, "probe", "more random rows");
  for await (const batch of source.batches(ROWS_AT_ONCE, { only })) {
    for (let i = 0; i < batch.rows && done < atoms; i++) {
      const row = batch.data.subarray(i * width, (i + 1) * width);
      const left = Float64Array.from(row, (v, p) => v - mean[p]);
      if (putUnit(dictionary, done, left)) done++;
    }
    batch.release?.();
    if (done === atoms) break;
  }
  for (; done < atoms; done++) {
    const left = Float64Array.from({ length: width }, () => random.normal());
    putUnit(dictionary, done, left);
  }
  return {
    ...model,
    dictionary,
    usage: new Uint32Array(atoms),
    groups: [atoms],
    coder: {
      method: "omp",
      sparsity: model.coder.sparsity,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    labels: undefined,
  };
}

function putUnit(
  dictionary: Float32Array,
  atom: number,
  direction: Float64Array,
): boolean {
  const length = Math.hypot(...direction);
  if (!(length > 0)) return false;
  dictionary.set(direction.map((v) => v / length), atom * direction.length);
  return true;
}
