import { bytesOf } from "../bytes.ts";
import { DbksvdError } from "../errors.ts";
import { refusePointers } from "./lfs.ts";
import {
  parseSafetensorsHeader,
  quote,
  type Refusal,
  refusal,
  type SafetensorsHeader,
} from "./safetensors_header.ts";
import { type TensorType, toFloat32, typeBytes } from "./tensors.ts";
import { HEADER_BYTES, requireRegular } from "./text.ts";

/** A tensor in memory: little-endian, row-major. */
export interface Tensor {
  dtype: TensorType;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** A tensor that need not be in memory: its bytes are only counted. */
export interface TensorForm extends Pick<Tensor, "dtype" | "shape"> {
  bytes: { length: number };
}

/** Tensors read from a safetensors file. */
export interface Safetensors {
  header: SafetensorsHeader;
  /** Reads one tensor as float32, whatever its stored type; a `data` error where it is missing or of another shape. */
  float32(
    name: string,
    shape?: readonly (number | undefined)[],
  ): Promise<Float32Array<ArrayBuffer>>;
  /** Reads one tensor's bytes. */
  bytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Opens a safetensors file: reads and validates its header; tensors are read when asked for.
 *
 * @param path a local file
 * @throws {DbksvdError} `data` for a missing, truncated or malformed file
 */
export async function openSafetensors(path: string): Promise<Safetensors> {
  const refuse = refusal(path);
  const file = await openForReading(path);
  try {
    const size = (await file.stat()).size;
    const read = (offset: number, length: number) =>
      readExactly(file, offset, length, refuse);
    await refusePointers({ path, size, read });
    if (size < 8) throw refuse("it is shorter than its header's length");
    const lengthBytes = await readExactly(file, 0, 8, refuse);
    const length = new DataView(lengthBytes.buffer).getBigUint64(0, true);
    if (length > BigInt(HEADER_BYTES)) {
      throw refuse(`its header claims ${length} bytes, over 16 MiB`);
    }
    if (Number(length) > size - 8) {
      throw refuse("its header reaches past the end of the file");
    }
    const json = await readExactly(file, 8, Number(length), refuse);
    const header = parseSafetensorsHeader(json, size, path);
    return lazyTensors(path, header);
  } finally {
    file.close();
  }
}

function lazyTensors(path: string, header: SafetensorsHeader): Safetensors {
  const refuse = refusal(path);
  const entryOf = (name: string) => {
    const entry = header.tensors.get(name);
    if (entry !== undefined) return entry;
    const names = [...header.tensors.keys()].map((n) => `"${n}"`).join(", ");
    throw refuse(`it has no tensor "${name}", only ${names || "none"}`);
  };
  const bytes = async (name: string) => {
    const entry = entryOf(name);
    const file = await openForReading(path);
    try {
      return await readExactly(
        file,
        header.dataStart + entry.start,
        entry.end - entry.start,
        refuse,
      );
    } finally {
      file.close();
    }
  };
  const float32 = async (
    name: string,
    shape?: readonly (number | undefined)[],
  ) => {
    const entry = entryOf(name);
    if (shape !== undefined && !fits(entry.shape, shape)) {
      throw refuse(
        `tensor "${name}" is [${entry.shape}], expected [${
          shape.map((size) => size ?? "any")
        }]`,
      );
    }
    const { dtype } = entry;
    if (typeBytes(dtype) === undefined) {
      throw refuse(`tensor "${name}" has the unknown type ${quote(dtype)}`);
    }
    return toFloat32(dtype as TensorType, await bytes(name));
  };
  return { header, float32, bytes };
}

/**
 * The bytes of a safetensors file, in parts to be written one after the other (tensors are not copied).
 *
 * @param tensors in the order in which they are stored
 * @param metadata free text for `__metadata__`
 */
export function safetensorsParts(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const all = Object.values(tensors);
  return [safetensorsHead(tensors, metadata), ...all.map(({ bytes }) => bytes)];
}

/**
 * The beginning of a safetensors file, behind which the tensors' bytes follow.
 *
 * @param tensors in the order in which they are stored
 * @param metadata free text for `__metadata__`
 */
export function safetensorsHead(
  tensors: Readonly<Record<string, TensorForm>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    const end = offset + bytes.length;
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return padded;
}

/** A float32 tensor over an array (not copied). */
export function float32Tensor(
  data: Float32Array,
  ...shape: number[]
): Tensor {
  return { dtype: "F32", shape, bytes: bytesOf(data) };
}

/** A uint32 tensor over an array (not copied). */
export function uint32Tensor(data: Uint32Array, ...shape: number[]): Tensor {
  return { dtype: "U32", shape, bytes: bytesOf(data) };
}

async function openForReading(path: string): Promise<Deno.FsFile> {
  try {
    await requireRegular(path);
    return await Deno.open(path);
  } catch (cause) {
    if (cause instanceof DbksvdError) throw cause;
    throw new DbksvdError("data", "Cannot read the safetensors file", {
      where: { file: path },
      mend: cause instanceof Deno.errors.NotFound
        ? "there is no such file"
        : "check that it is a readable file",
      cause,
    });
  }
}

async function readExactly(
  file: Deno.FsFile,
  start: number,
  length: number,
  refuse: Refusal,
): Promise<Uint8Array<ArrayBuffer>> {
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) throw refuse("it ends too early");
    filled += read;
  }
  return bytes;
}

function fits(
  shape: readonly number[],
  expected: readonly (number | undefined)[],
): boolean {
  return shape.length === expected.length &&
    expected.every((size, axis) => size === undefined || size === shape[axis]);
}
