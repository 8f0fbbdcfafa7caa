import { createHash } from "node:crypto";
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
  return textFile(name, jsonText(value));
}

/** JSON as exports have it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A file of text. */
export function textFile(name: string, text: string): FileContents {
  return { name, parts: [new TextEncoder().encode(text)] };
}

/** SHA-256 of a text. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
