import { DbksvdError } from "../errors.ts";
import { refusePointers } from "./lfs.ts";
import { isJsonObject } from "../json.ts";
import { type TensorType, toFloat32, typeBytes } from "./tensors.ts";
import { HEADER_BYTES, parseJson, requireRegular } from "./text.ts";

/** One tensor's entry in a safetensors header. */
export interface TensorEntry {
  /** One of `TensorType`, or a type of elements that are not read: such a tensor may stand beside others. */
  dtype: string;
  shape: number[];
  /** Byte range within the data section. */
  start: number;
  end: number;
}

/** A validated safetensors header. */
export interface SafetensorsHeader {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
  /** Where the data section begins in the file. */
  dataStart: number;
}

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
 * Parses and validates a header: lengths within the file, known types, shapes that fit their byte ranges, no overlap,
 * no holes. Nothing is allocated by a size that the file merely claims.
 *
 * @param json the header's bytes, without the eight-byte length
 * @param fileBytes size of the whole file
 * @param file its name, for errors
 * @throws {DbksvdError} `data`
 */
export function parseSafetensorsHeader(
  json: Uint8Array,
  fileBytes: number,
  file?: string,
): SafetensorsHeader {
  const refuse = refusal(file);
  let parsed: unknown;
  try {
    parsed = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw refuse("its header is not JSON", cause);
  }
  if (!isJsonObject(parsed)) throw refuse("its header is not an object");
  const dataStart = 8 + json.length;
  const tensors = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "__metadata__") metadata = checkMetadata(value, refuse);
    else tensors.set(name, checkEntry(name, value, refuse));
  }
  checkLayout(tensors, fileBytes - dataStart, refuse);
  return { tensors, metadata, dataStart };
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

/** The bytes beneath a typed array. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

type Refusal = (why: string, cause?: unknown) => DbksvdError;

function refusal(file: string | undefined): Refusal {
  return (why, cause) =>
    new DbksvdError("data", `Not a valid safetensors file, ${why}`, {
      where: { file },
      mend: "write or download it again",
      cause,
    });
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

function checkMetadata(
  value: unknown,
  refuse: Refusal,
): Record<string, string> {
  if (!isJsonObject(value)) throw refuse("its metadata is not an object");
  for (const text of Object.values(value)) {
    if (typeof text !== "string") throw refuse("its metadata holds a non-text");
  }
  return value as Record<string, string>;
}

function checkEntry(
  name: string,
  value: unknown,
  refuse: Refusal,
): TensorEntry {
  if (!isJsonObject(value)) throw refuse(`tensor "${name}" has no description`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") {
    throw refuse(`tensor "${name}" has the type ${quote(dtype)}`);
  }
  if (!isCounts(shape)) throw refuse(`tensor "${name}" has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw refuse(`tensor "${name}" has no valid offsets`);
  }
  const bytes = typeBytes(dtype);
  const size = bytes === undefined
    ? offsets[1] - offsets[0]
    : shape.reduce((product, length) => product * length, bytes);
  if (!Number.isSafeInteger(size) || size !== offsets[1] - offsets[0]) {
    throw refuse(`tensor "${name}" does not fill its ${quote(dtype)} shape`);
  }
  return {
    dtype,
    shape,
    start: offsets[0],
    end: offsets[1],
  };
}

function checkLayout(
  tensors: Map<string, TensorEntry>,
  dataBytes: number,
  refuse: Refusal,
) {
  const sorted = [...tensors].sort(([, a], [, b]) =>
    a.start - b.start || a.end - b.end
  );
  let end = 0;
  for (const [name, entry] of sorted) {
    if (entry.end > dataBytes) {
      throw refuse(`tensor "${name}" reaches past the end of the file`);
    }
    if (entry.start < end) throw refuse(`tensor "${name}" overlaps another`);
    if (entry.start > end) throw refuse(`there is a hole before "${name}"`);
    end = entry.end;
  }
  if (end !== dataBytes) throw refuse("bytes follow its last tensor");
}

function fits(
  shape: readonly number[],
  expected: readonly (number | undefined)[],
): boolean {
  return shape.length === expected.length &&
    expected.every((size, axis) => size === undefined || size === shape[axis]);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

function quote(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 40);
}
