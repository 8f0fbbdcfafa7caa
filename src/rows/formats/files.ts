import { DbksvdError } from "../../errors.ts";
import { parseSafetensorsHeader } from "../../files/safetensors.ts";
import type { ByteSource } from "../../files/bytes.ts";
import { ELEMENT_BYTES, type ElementType } from "../../parquet/read/columns.ts";
import type { ArrayLayout } from "./array.ts";

/** Headers of arrays beyond this are refused. */
const MAX_HEADER_BYTES = 100_000_000;

function broken(
  source: ByteSource,
  what: string,
  mend: string,
  cause?: unknown,
) {
  return new DbksvdError("data", what, {
    where: { file: source.path },
    mend,
    cause,
  });
}

/** A dump of float32 numbers without a header. */
export function openRaw(
  source: ByteSource,
  width: number | undefined,
): ArrayLayout {
  if (width === undefined) {
    throw broken(source, "Raw numbers do not tell their width", "give --width");
  }
  const rowBytes = width * 4;
  if (source.size % rowBytes !== 0) {
    throw broken(
      source,
      `${source.size} bytes are no whole number of rows of ${width}`,
      "check --width, or copy the file again",
    );
  }
  const rows = source.size / rowBytes;
  return { offset: 0, element: "f32", rows, width };
}

const NPY_TYPES: Record<string, ElementType> = {
  "<f4": "f32",
  "<f8": "f64",
  "<f2": "f16",
  "<i4": "i32",
  "<u4": "u32",
  "<i8": "i64",
  "<u8": "u64",
};

/** A NumPy array (NEP 1): its last axis is a row, the others are run through in order. */
export async function openNpy(source: ByteSource): Promise<ArrayLayout> {
  const refuse = (what: string) =>
    broken(source, what, "save it as float32 in C order, rows × dimensions");
  if (source.size < 12) throw refuse("NumPy file is too short");
  const head = await source.read(0, 12);
  const view = new DataView(head.buffer);
  const long = head[6] >= 2;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = long ? 12 : 10;
  if (length > Math.min(MAX_HEADER_BYTES, source.size - start)) {
    throw refuse("NumPy header is cut off");
  }
  const text = new TextDecoder().decode(await source.read(start, length));
  const type = /'descr':\s*'([^']*)'/.exec(text)?.[1] ?? "unknown";
  const fortran = /'fortran_order':\s*True/.test(text);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1]
    .split(",").filter((axis) => axis.trim() !== "").map(Number);
  const element = NPY_TYPES[type];
  if (element === undefined) throw refuse(`NumPy type ${type} is not read`);
  if (fortran) throw refuse("NumPy array is in Fortran order");
  const { rows, width } = rowsOf(shape ?? [], refuse);
  const offset = start + length;
  if (offset + rows * width * ELEMENT_BYTES[element] > source.size) {
    throw refuse("NumPy array is cut off");
  }
  return { offset, element, rows, width };
}

const TENSOR_TYPES: Record<string, ElementType> = {
  F32: "f32",
  F64: "f64",
  F16: "f16",
  BF16: "bf16",
};

/** A tensor of a safetensors file: the one that is named, or the only one with rows. */
export async function openSafetensorsRows(
  source: ByteSource,
  name: string | undefined,
): Promise<ArrayLayout & { name: string; others: string[] }> {
  const refuse = (what: string, mend = "write the file again") =>
    broken(source, what, mend);
  if (source.size < 8) throw refuse("Safetensors file is too short");
  const head = await source.read(0, 8);
  const length = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (length > Math.min(MAX_HEADER_BYTES, source.size - 8)) {
    throw refuse("Safetensors header is longer than its file");
  }
  const json = await source.read(8, length);
  const header = parseSafetensorsHeader(json, source.size, source.path);
  const candidates = [...header.tensors].filter(([, { dtype, shape }]) =>
    TENSOR_TYPES[dtype] !== undefined && shape.length >= 2
  );
  const list = candidates.map(([name, { shape }]) =>
    `${name} (${shape.at(-1)})`
  )
    .join(", ");
  const mend = `choose one with --column: ${list || "there is none"}`;
  const chosen = name === undefined
    ? candidates.length === 1 ? candidates[0] : undefined
    : candidates.find(([candidate]) => candidate === name);
  const unread = name === undefined
    ? undefined
    : header.tensors.get(name)?.dtype;
  if (unread !== undefined && TENSOR_TYPES[unread] === undefined) {
    throw refuse(
      `Tensor "${name}" has the type ${unread}, which is not read`,
      mend,
    );
  }
  if (chosen === undefined) {
    throw name === undefined
      ? refuse(`File holds ${candidates.length} tensors with rows`, mend)
      : refuse(`No tensor "${name}" with rows`, mend);
  }
  const [tensor, { dtype, shape, start }] = chosen;
  const { rows, width } = rowsOf(shape, refuse);
  const offset = header.dataStart + start;
  const others = [...header.tensors.keys()].filter((other) => other !== tensor);
  const element = TENSOR_TYPES[dtype];
  return { name: tensor, offset, element, rows, width, others };
}

function rowsOf(
  shape: readonly number[],
  refuse: (what: string) => DbksvdError,
): { rows: number; width: number } {
  if (
    shape.length < 2 ||
    !shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)
  ) {
    throw refuse(`Array of shape (${shape.join(", ")}) has no rows`);
  }
  const width = shape[shape.length - 1];
  const rows = shape.slice(0, -1).reduce((product, axis) => product * axis, 1);
  if (width === 0) throw refuse("Rows have no dimensions");
  return { rows, width };
}
