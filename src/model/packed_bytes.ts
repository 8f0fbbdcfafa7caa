import { DbksvdError } from "../errors.ts";
import { bytesOf } from "../bytes.ts";
import { pack, unpack } from "./pack.ts";
import type { TensorType } from "../files/tensors.ts";

/** Tensors begin at multiples of this, as typed arrays need it. */
const ALIGNMENT = 8;

interface Place {
  name: string;
  dtype: TensorType;
  /** Within the tensors' part. */
  start: number;
  length: number;
}

/**
 * A value as bytes, to be sent to another process: plain objects, arrays, typed arrays, numbers, texts (see
 * {@linkcode pack}). The length of the description, the description, then the arrays.
 */
export function toBytes(value: unknown): Uint8Array<ArrayBuffer> {
  const { json, tensors } = pack(value);
  let end = 0;
  const places = Object.entries(tensors).map(([name, tensor]): Place => {
    const start = end, { length } = tensor.bytes;
    end = aligned(start + length);
    return { name, dtype: tensor.dtype, start, length };
  });
  const text = new TextEncoder().encode(JSON.stringify({ json, places }));
  const first = aligned(ALIGNMENT + text.length);
  const bytes = new Uint8Array(first + end);
  bytes.set(bytesOf(Float64Array.of(text.length)));
  bytes.set(text, ALIGNMENT);
  for (const { name, start } of places) {
    bytes.set(tensors[name].bytes, first + start);
  }
  return bytes;
}

/**
 * The value that {@linkcode toBytes} was given.
 *
 * @throws {DbksvdError} `run` where the bytes are something else
 */
export async function fromBytes(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<unknown> {
  try {
    const whole = bytes.slice();
    const [length] = new Float64Array(whole.buffer, 0, 1);
    const text = whole.subarray(ALIGNMENT, ALIGNMENT + length);
    const { json, places } = JSON.parse(new TextDecoder().decode(text)) as {
      json: string;
      places: Place[];
    };
    const first = aligned(ALIGNMENT + length);
    return await unpack(json, (name) => {
      const place = places.find((one) => one.name === name)!;
      const { dtype, start, length } = place;
      const at = first + start;
      return Promise.resolve({ dtype, bytes: whole.slice(at, at + length) });
    });
  } catch (cause) {
    throw new DbksvdError("run", "Another process sent what cannot be read", {
      mend: "run the same version of dbksvd on all machines",
      cause,
    });
  }
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
