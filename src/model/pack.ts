import { bytesOf } from "../bytes.ts";
import type { Tensor } from "../files/safetensors.ts";
import type { TensorType } from "../files/tensors.ts";

const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  U32: Uint32Array,
  I32: Int32Array,
  U16: Uint16Array,
  I16: Int16Array,
  U8: Uint8Array,
  I8: Int8Array,
} as const satisfies Partial<Record<TensorType, unknown>>;

type PackedType = keyof typeof ARRAYS;

/** A value taken apart: typed arrays as tensors, the rest as JSON that refers to them. */
export interface Packed {
  json: string;
  tensors: Record<string, Tensor>;
}

/**
 * Takes a value of plain objects, arrays, typed arrays, numbers (any of them), texts, booleans and nulls apart.
 *
 * @throws {TypeError} where it holds anything else: a checkpoint must not lose something silently
 */
export function pack(value: unknown): Packed {
  const tensors: Record<string, Tensor> = {};
  const walk = (part: unknown): unknown => {
    if (typeof part === "number") return packNumber(part);
    if (part === null || ["string", "boolean"].includes(typeof part)) {
      return part;
    }
    if (ArrayBuffer.isView(part)) {
      const name = `t${Object.keys(tensors).length}`;
      tensors[name] = tensorOf(part);
      return { $tensor: name };
    }
    if (Array.isArray(part)) return part.map(walk);
    if (isPlain(part)) {
      return Object.fromEntries(
        Object.entries(part)
          .filter(([, inner]) => inner !== undefined)
          .map(([key, inner]) => [requireOrdinary(key), walk(inner)]),
      );
    }
    throw new TypeError(`Cannot pack ${Object.prototype.toString.call(part)}`);
  };
  return { json: JSON.stringify(walk(value)), tensors };
}

/**
 * Puts a value together again.
 *
 * @param json what {@linkcode pack} made
 * @param tensor gives a tensor's type and bytes, aligned, by name
 * @throws {TypeError | SyntaxError} where the text is not what `pack` makes
 */
export async function unpack(
  json: string,
  tensor: (
    name: string,
  ) => Promise<{ dtype: TensorType; bytes: Uint8Array<ArrayBuffer> }>,
): Promise<unknown> {
  const walk = async (part: unknown): Promise<unknown> => {
    if (Array.isArray(part)) return await Promise.all(part.map(walk));
    if (typeof part !== "object" || part === null) return part;
    const object = part as Record<string, unknown>;
    if (typeof object.$tensor === "string") {
      const { dtype, bytes } = await tensor(object.$tensor);
      return arrayOf(dtype, bytes);
    }
    if (typeof object.$number === "string") {
      return unpackNumber(object.$number);
    }
    const entries: [string, unknown][] = [];
    for (const [key, inner] of Object.entries(object)) {
      entries.push([requireOrdinary(key), await walk(inner)]);
    }
    return Object.fromEntries(entries);
  };
  return await walk(JSON.parse(json));
}

function packNumber(value: number): unknown {
  if (Object.is(value, -0)) return { $number: "-0" };
  return Number.isFinite(value) ? value : { $number: String(value) };
}

function unpackNumber(text: string): number {
  if (["-0", "NaN", "Infinity", "-Infinity"].includes(text)) {
    return Number(text);
  }
  throw new TypeError(`"${text.slice(0, 20)}" is no number`);
}

function tensorOf(array: ArrayBufferView): Tensor {
  const found = Object.entries(ARRAYS).find(([, kind]) =>
    array instanceof kind
  );
  if (found === undefined) {
    throw new TypeError(
      `Cannot pack ${Object.prototype.toString.call(array)}`,
    );
  }
  const [dtype, kind] = found;
  return {
    dtype: dtype as PackedType,
    shape: [array.byteLength / kind.BYTES_PER_ELEMENT],
    bytes: bytesOf(array),
  };
}

function arrayOf(
  dtype: TensorType,
  bytes: Uint8Array<ArrayBuffer>,
): ArrayBufferView {
  if (!Object.hasOwn(ARRAYS, dtype)) {
    throw new TypeError(`A tensor of type ${dtype} is not packed`);
  }
  const kind = ARRAYS[dtype as PackedType];
  return new kind(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength / kind.BYTES_PER_ELEMENT,
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// Keys with a dollar sign are the packing's own.
function requireOrdinary(key: string): string {
  if (!key.startsWith("$")) return key;
  throw new TypeError(`The key "${key.slice(0, 20)}" cannot be packed`);
}
