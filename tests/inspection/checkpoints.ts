import { join } from "node:path";
import {
  float32Tensor,
  safetensorsParts,
  type Tensor,
} from "../../src/files/safetensors.ts";
import type { TensorType } from "../../src/files/tensors.ts";

/** Numbers as a checkpoint stores them: those given are exact in each of these types. */
export function tensorOf(
  dtype: TensorType,
  values: Float32Array,
  ...shape: number[]
): Tensor {
  if (dtype === "F32") return float32Tensor(values, ...shape);
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  const bits = new Uint32Array(values.slice().buffer);
  values.forEach((value, i) =>
    dtype === "F16"
      ? view.setFloat16(2 * i, value, true)
      : view.setUint16(2 * i, bits[i] >>> 16, true)
  );
  return { dtype, shape, bytes };
}

/** Writes tensors to a safetensors file. */
export async function writeTensors(
  path: string,
  tensors: Record<string, Tensor>,
): Promise<void> {
  const parts = safetensorsParts(tensors) as BlobPart[];
  const bytes = await new Blob(parts).arrayBuffer();
  await Deno.writeFile(path, new Uint8Array(bytes));
}

/** Writes a sharded checkpoint: a shard a tensor, and their index. */
export async function writeShards(
  folder: string,
  tensors: Record<string, Tensor>,
): Promise<void> {
  const weight_map: Record<string, string> = {};
  let shard = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    weight_map[name] = `model-${++shard}.safetensors`;
    await writeTensors(join(folder, weight_map[name]), { [name]: tensor });
  }
  await Deno.writeTextFile(
    join(folder, "model.safetensors.index.json"),
    JSON.stringify({ weight_map }),
  );
}

/** A matrix the other way round. */
export function turned(
  values: Float32Array,
  rows: number,
  columns: number,
): Float32Array {
  const other = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      other[j * rows + i] = values[i * columns + j];
    }
  }
  return other;
}
