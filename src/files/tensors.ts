/** Element types of stored tensors, under safetensors' names. */
export type TensorType =
  | "BOOL"
  | "U8"
  | "I8"
  | "U16"
  | "I16"
  | "U32"
  | "I32"
  | "U64"
  | "I64"
  | "F16"
  | "BF16"
  | "F32"
  | "F64";

const TYPE_BYTES: Readonly<Record<TensorType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  U32: 4,
  I32: 4,
  U64: 8,
  I64: 8,
  F16: 2,
  BF16: 2,
  F32: 4,
  F64: 8,
};

/** Bytes of one element; undefined for a type not known. */
export function typeBytes(type: unknown): number | undefined {
  return typeof type === "string" && Object.hasOwn(TYPE_BYTES, type)
    ? TYPE_BYTES[type as TensorType]
    : undefined;
}

/**
 * Little-endian elements as float32. The bytes are not copied where they already are float32.
 *
 * @param type the stored type
 * @param bytes whole elements, at any alignment
 */
export function toFloat32(
  type: TensorType,
  bytes: Uint8Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const count = bytes.length / TYPE_BYTES[type];
  if (type === "F32") {
    return bytes.byteOffset % 4 === 0
      ? new Float32Array(bytes.buffer, bytes.byteOffset, count)
      : new Float32Array(bytes.slice().buffer);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(count);
  if (type === "BF16") {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < count; i++) bits[i] = view.getUint16(2 * i, true) << 16;
    return values;
  }
  const read = READERS[type];
  for (let i = 0; i < count; i++) values[i] = read(view, i);
  return values;
}

const READERS: Record<
  Exclude<TensorType, "BF16" | "F32">,
  (view: DataView, index: number) => number
> = {
  BOOL: (view, i) => view.getUint8(i),
  U8: (view, i) => view.getUint8(i),
  I8: (view, i) => view.getInt8(i),
  U16: (view, i) => view.getUint16(2 * i, true),
  I16: (view, i) => view.getInt16(2 * i, true),
  U32: (view, i) => view.getUint32(4 * i, true),
  I32: (view, i) => view.getInt32(4 * i, true),
  U64: (view, i) => Number(view.getBigUint64(8 * i, true)),
  I64: (view, i) => Number(view.getBigInt64(8 * i, true)),
  F16: (view, i) => view.getFloat16(2 * i, true),
  F64: (view, i) => view.getFloat64(8 * i, true),
};
