import type { DictionaryModel } from "../../src/model/model.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { randomStream } from "../../src/random.ts";
import { unitRows } from "../gpu/planted.ts";

/** Rows made of known atoms, of which the first ones stand for a class each. */
export interface PlantedClasses {
  model: DictionaryModel;
  rows: Float32Array;
  /** The class of every row, as the number of the atom that makes it, or null. */
  topics: (string | null)[];
}

/**
 * Plants classes: a row of class c is made of atom c and two others, one of no class, of the dictionary itself.
 *
 * @param rows how many
 */
export function plantClasses(rows: number): PlantedClasses {
  const width = 48, atoms = 60, classes = 4;
  const random = randomStream(3, "planted classes");
  const dictionary = unitRows(atoms, width, random.normal);
  const data = new Float32Array(rows * width);
  const topics: (string | null)[] = [];
  for (let row = 0; row < rows; row++) {
    const topic = random.integer(classes + 1);
    topics.push(topic === classes ? null : `topic ${topic}`);
    const others = [0, 1].map(() =>
      classes + 1 + random.integer(atoms - classes - 1)
    );
    for (const atom of [topic, ...others]) {
      const value = 2 + random.uniform();
      for (let p = 0; p < width; p++) {
        data[row * width + p] += value * dictionary[atom * width + p];
      }
    }
  }
  const model: DictionaryModel = {
    ...{ width, atoms, dictionary, mean: new Float32Array(width), scale: 1 },
    usage: new Uint32Array(atoms),
    groups: [atoms],
    coder: {
      ...{ method: "omp", sparsity: 3, nonnegative: false },
      ...{ tolerance: 0, refit: false },
    },
    ...{ seed: 0, toolVersion: "0.2.0" },
  };
  return { model, rows: data, topics };
}

/** A source of rows with columns beside them. */
export function withColumns(
  rows: Float32Array,
  width: number,
  columns: Readonly<Record<string, readonly unknown[]>>,
): RowSource {
  const source = rowsFromArray(rows, width);
  return {
    width,
    rowCount: source.rowCount,
    files: source.files,
    dropped: source.dropped,
    batches: (size, options) => source.batches(size, options),
    read: (range) => source.read(range),
    readColumns: (names, { start, end }) =>
      Promise.resolve(names.map((name) => ({
        name,
        schema: [],
        values: columns[name].slice(start, end),
      }))),
    close: () => source.close(),
    [Symbol.asyncDispose]: () => source.close(),
  };
}
