import type { FileContents } from "../files/atomic.ts";
import { float32Tensor, type Tensor } from "../files/safetensors.ts";
import type { SparseAutoencoder } from "../model/autoencoder.ts";
import { transpose } from "../model/transpose.ts";

/** The encoder with a latent a column, as SAELens and Gemma Scope have it. */
export function columns({ encoder, atoms, width }: SparseAutoencoder): Tensor {
  return float32Tensor(transpose(encoder!, atoms, width), width, atoms);
}

/** A file of JSON. */
export function jsonFile(name: string, value: unknown): FileContents {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  return { name, parts: [new TextEncoder().encode(text)] };
}
