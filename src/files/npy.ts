import { DbksvdError } from "../errors.ts";
import { bytesOf } from "../bytes.ts";
import { type TensorType, toFloat32 } from "./tensors.ts";

const MAGIC = Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"));

/** NumPy's little-endian types, by their codes. */
const TYPES: Readonly<Record<string, TensorType>> = {
  "<f2": "F16",
  "<f4": "F32",
  "<f8": "F64",
  "<i4": "I32",
  "<i8": "I64",
  "<u4": "U32",
  "<u8": "U64",
  "|i1": "I8",
  "|u1": "U8",
};

/** An array of a .npy file, as float32. */
export interface NumpyArray {
  shape: number[];
  data: Float32Array<ArrayBuffer>;
}

/**
 * Reads a .npy file (NumPy format 1 to 3, C order, little-endian numbers).
 *
 * @param bytes the file
 * @param name for errors
 * @throws {DbksvdError} `data`
 */
export function readNpy(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): NumpyArray {
  const refuse = (why: string) =>
    new DbksvdError("data", `Not a readable NumPy array, ${why}`, {
      where: { file: name },
      mend: "save it with numpy.save in C order as float32",
    });
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw refuse("it does not begin like one");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) throw refuse("its header is cut off");
  const header = new TextDecoder().decode(
    bytes.subarray(start, start + length),
  );
  const code = /'descr'\s*:\s*'([^']{2,4})'/.exec(header)?.[1];
  const shapeText = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (code === undefined || shapeText === undefined) {
    throw refuse("its header is damaged");
  }
  const type = Object.hasOwn(TYPES, code) ? TYPES[code] : undefined;
  if (type === undefined) throw refuse(`its type "${code}" is not read`);
  const shape = shapeText.split(",").map((size) => size.trim())
    .filter((size) => size !== "").map(Number);
  const columnOrder = /'fortran_order'\s*:\s*True/.test(header);
  if (columnOrder && shape.length > 1) throw refuse("it is in Fortran order");
  const body = bytes.subarray(start + length);
  const elements = shape.reduce((product, size) => product * size, 1);
  const width = Number(code[2]);
  if (body.length !== elements * width) {
    throw refuse(`it does not hold ${elements} numbers of ${width} bytes`);
  }
  return { shape, data: toFloat32(type, body) };
}

/** The bytes of a .npy file of float32 values, in parts. */
export function npyParts(data: Float32Array, shape: number[]): Uint8Array[] {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text =
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set(MAGIC);
  bytes[6] = 1;
  bytes[7] = 0;
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[length - 1] = 0x0A;
  return [bytes, bytesOf(data)];
}
