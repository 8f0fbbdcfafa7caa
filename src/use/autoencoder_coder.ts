import { EMPTY_SLOT, type EngineInfo } from "../engine/engine.ts";
import { processorName } from "../engine/reference/processor.ts";
import { multiplyFast } from "../engine/multiply.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import type { RowCoder, SparseCodes } from "../coding/coder.ts";
import {
  type Choice,
  chooseAbove,
  chooseGated,
  chooseLargest,
  chooseLargestOfGroups,
  chooseLargestSigned,
} from "../largest.ts";
import { pursueRows } from "./matching_pursuit.ts";

/** Values of the pre-activations held at a time. */
const CHUNK_VALUES = 2 ** 22;

/**
 * A coder that runs a sparse autoencoder's own encoder, on the processor.
 *
 * @param sae what to run
 */
export function autoencoderCoder(sae: SparseAutoencoder): RowCoder {
  const info: EngineInfo = {
    kind: "cpu",
    name: processorName(),
    software: false,
    details: {},
  };
  return {
    decoder: {
      width: sae.width,
      atoms: sae.atoms,
      dictionary: sae.dictionary,
      mean: sae.mean,
    },
    description: `${sae.format} ${sae.activation.kind}, its own encoder`,
    info,
    mostRows: Infinity,
    encode: (rows) => Promise.resolve(encodeRows(sae, rows.data, rows.rows)),
    close: () => Promise.resolve(),
  };
}

/** Latents of rows, those that are not zero: at most as many slots a row as the densest row needs. */
export function encodeRows(
  sae: SparseAutoencoder,
  data: Float32Array,
  rows: number,
): SparseCodes {
  const chunk = Math.max(1, Math.floor(CHUNK_VALUES / sae.atoms));
  const found: Choice[] = [];
  for (let start = 0; start < rows; start += chunk) {
    const count = Math.min(chunk, rows - start);
    const input = centred(sae, data, start, count);
    found.push(
      ...sae.activation.kind === "matching_pursuit"
        ? pursueRows(sae, sae.activation, input, count)
        : activateRows(sae, input, count),
    );
  }
  return pack(found);
}

function centred(
  sae: SparseAutoencoder,
  data: Float32Array,
  start: number,
  rows: number,
): Float32Array {
  const { width, mean } = sae;
  const input = data.slice(start * width, (start + rows) * width);
  if (!sae.centresInput) return input;
  for (let i = 0; i < input.length; i++) input[i] -= mean[i % width];
  return input;
}

function activateRows(
  sae: SparseAutoencoder,
  input: Float32Array,
  rows: number,
): Choice[] {
  const { atoms, width } = sae;
  const lengths = sae.scalesByLength ? rowLengths(sae) : undefined;
  const pre = new Float32Array(rows * atoms);
  multiplyFast(input, rows, sae.encoder!, atoms, width, pre);
  return Array.from({ length: rows }, (_, row) => {
    const values = pre.subarray(row * atoms, (row + 1) * atoms);
    for (let j = 0; j < atoms; j++) {
      values[j] = (values[j] + sae.encoderBias![j]) * (lengths?.[j] ?? 1);
    }
    const { indices, values: found } = select(sae, values);
    return {
      indices,
      values: found.map((value, i) => value / (lengths?.[indices[i]] || 1)),
    };
  });
}

function select({ activation, atoms }: SparseAutoencoder, pre: Float32Array) {
  switch (activation.kind) {
    case "topk":
      return activation.signed
        ? chooseLargestSigned(pre, activation.k)
        : chooseLargest(pre, activation.k);
    case "groupmax":
      return chooseLargestOfGroups(pre, activation.k);
    case "gated":
      return chooseGated(pre, activation);
    case "jumprelu":
      return chooseAbove(pre, activation.threshold);
    default:
      return chooseAbove(pre, new Float32Array(atoms));
  }
}

function rowLengths({ atoms, width, dictionary }: SparseAutoencoder) {
  return Float64Array.from({ length: atoms }, (_, j) => {
    let square = 0;
    for (let d = j * width; d < (j + 1) * width; d++) {
      square += dictionary[d] * dictionary[d];
    }
    return Math.sqrt(square);
  });
}

function pack(found: Choice[]): SparseCodes {
  const sparsity = found.reduce(
    (most, { indices }) => Math.max(most, indices.length),
    1,
  );
  const indices = new Uint32Array(found.length * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(found.length * sparsity);
  found.forEach((latents, row) => {
    indices.set(latents.indices, row * sparsity);
    values.set(latents.values, row * sparsity);
  });
  return { rows: found.length, sparsity, indices, values };
}
