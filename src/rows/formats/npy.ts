import type { ByteSource } from "../../files/bytes.ts";
import { ELEMENT_BYTES, type ElementType } from "../../parquet/read/columns.ts";
import type { ArrayLayout } from "./array.ts";
import { HEADER_BYTES } from "../../files/text.ts";
import { broken, rowsOf } from "./files.ts";

const MAGIC = "\x93NUMPY";

/** What an array's header says. */
export interface NpyHeader {
  /** NumPy's name of the type, its byte order first. */
  type: string;
  /** Undefined for types that are no numbers that are read. */
  element?: ElementType | undefined;
  bigEndian: boolean;
  columnMajor: boolean;
  shape: number[];
  /** Where the numbers begin. */
  offset: number;
}

const TYPES: Record<string, ElementType> = {
  f2: "f16",
  f4: "f32",
  f8: "f64",
  i1: "i8",
  i2: "i16",
  i4: "i32",
  i8: "i64",
  u1: "u8",
  u2: "u16",
  u4: "u32",
  u8: "u64",
  b1: "u8",
};

/** Reads the header of a NumPy array (NEP 1, formats 1 to 3) that begins at a file's byte `start`. */
export async function readNpyHeader(
  source: ByteSource,
  start = 0,
  end = source.size,
): Promise<NpyHeader> {
  const refuse = (what: string) =>
    broken(source, what, "save it again with numpy.save");
  const head = await source.read(start, Math.min(12, end - start));
  if (!String.fromCharCode(...head).startsWith(MAGIC)) {
    throw refuse("File is no NumPy array");
  }
  if (head.length < 12) throw refuse("NumPy file is too short");
  const view = new DataView(head.buffer);
  const wide = head[6] >= 2;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const at = start + (wide ? 12 : 10);
  if (length > Math.min(HEADER_BYTES, end - at)) {
    throw refuse("NumPy header is cut off");
  }
  const text = new TextDecoder().decode(await source.read(at, length));
  const type = /'descr':\s*'([^']*)'/.exec(text)?.[1] ?? "unknown";
  const [, order, code] = /^([<>|=])(\w\d)$/.exec(type) ?? [];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1]
    .split(",").filter((axis) => axis.trim() !== "").map(Number) ?? [];
  const header = {
    type,
    element: Object.hasOwn(TYPES, code ?? "") ? TYPES[code] : undefined,
    bigEndian: order === ">",
    columnMajor: /'fortran_order':\s*True/.test(text),
    shape,
    offset: at + length,
  };
  const { element, offset } = header;
  const count = shape.reduce((product, axis) => product * axis, 1);
  const left = element === undefined
    ? 0
    : end - offset - count * ELEMENT_BYTES[element];
  if (left < 0) throw refuse("NumPy array is cut off");
  // What `numpy.load` passes over, as when arrays are saved one after the other.
  if (left > 0 && left < Infinity) {
    throw broken(
      source,
      `${left} bytes follow the NumPy array`,
      "save one array a file, or several with numpy.savez",
    );
  }
  return header;
}

/** A NumPy array: its last axis is a row, the others are run through in order. */
export async function openNpy(
  source: ByteSource,
  start = 0,
  end = source.size,
): Promise<ArrayLayout> {
  const header = await readNpyHeader(source, start, end);
  const { element, type, shape, offset, bigEndian, columnMajor } = header;
  const refuse = (what: string) =>
    broken(source, what, "save it as numbers, rows × dimensions");
  if (element === undefined) throw refuse(`NumPy type ${type} is not read`);
  const { rows, width } = rowsOf(shape, refuse);
  return {
    offset,
    element,
    rows,
    width,
    bigEndian,
    ...columnMajor ? { outerShape: shape.slice(0, -1) } : {},
  };
}
