import { DbksvdError } from "../../errors.ts";
import { parseSafetensorsHeader } from "../../files/safetensors_header.ts";
import type { ByteSource } from "../../files/bytes.ts";
import { ELEMENT_BYTES, type ElementType } from "../../parquet/read/columns.ts";
import type { ArrayLayout } from "./array.ts";
import { HEADER_BYTES } from "../../files/text.ts";

/** An error of a file that is no sound array. */
export function broken(
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

/** A dump of numbers without a header: float32 where nothing else is said. */
export function openRaw(
  source: ByteSource,
  width: number | undefined,
  element: ElementType = "f32",
): ArrayLayout {
  if (width === undefined) {
    throw broken(source, "Raw numbers do not tell their width", "give --width");
  }
  const rowBytes = width * ELEMENT_BYTES[element];
  if (source.size % rowBytes !== 0) {
    throw broken(
      source,
      `${source.size} bytes are no whole number of rows of ${width}`,
      "check --width, or copy the file again",
    );
  }
  const rows = source.size / rowBytes;
  return { offset: 0, element, rows, width };
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
  if (length > Math.min(HEADER_BYTES, source.size - 8)) {
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
  if (candidates.length === 0) {
    const all = [...header.tensors].slice(0, 8)
      .map(([name, { dtype, shape }]) => `${name}: ${dtype} [${shape}]`);
    throw refuse(
      `File holds no tensor with rows, only ${all.join(", ") || "none at all"}`,
      "save rows × dimensions as F32, F64, F16 or BF16",
    );
  }
  const mend = `choose one with --column: ${list}`;
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

/** An array's rows: its last axis is a row, the others are run through. */
export function rowsOf(
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
