import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { typeBytes } from "./tensors.ts";
import { parseJson } from "./text.ts";

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

/** Makes the error of a file that is no safetensors file, by why. */
export type Refusal = (why: string, cause?: unknown) => DbksvdError;

/** What a file of this name is refused with. */
export function refusal(file: string | undefined): Refusal {
  return (why, cause) =>
    new DbksvdError("data", `Not a valid safetensors file, ${why}`, {
      where: { file },
      mend: "write or download it again",
      cause,
    });
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

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

/** A value of a header as errors show it. */
export function quote(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 40);
}
