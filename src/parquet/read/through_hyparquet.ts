import type { DecodedArray, SchemaTree } from "hyparquet";
import {
  convert,
  convertWithDictionary,
  DEFAULT_PARSERS,
} from "hyparquet/src/convert.js";
import { readDataPage } from "hyparquet/src/datapage.js";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { readPlain } from "hyparquet/src/plain.js";
import { readVarInt } from "hyparquet/src/thrift.js";
import type { StoredLeaf } from "./columns.ts";
import { decodeRuns } from "./levels.ts";
import type { Page } from "./pages.ts";
import type { Payload } from "./payload.ts";

/** Bytes that shared prefixes may blow a page's values up to. */
const VALUES_MOST = 2 ** 29;

/** A page's levels and values as hyparquet decodes them. */
export interface DecodedPage {
  /** Empty where every value is present. */
  definition: ArrayLike<number>;
  repetition: ArrayLike<number>;
  /** The values that are present: numbers, or byte arrays for blobs. */
  values: DecodedArray;
}

/** Decodes a data page with hyparquet, whatever its encoding, after checking the sizes that it would trust. */
export function decodeThroughHyparquet(
  page: Page,
  payload: Payload,
  leaf: StoredLeaf,
  dictionary: DecodedArray | undefined,
): DecodedPage {
  const present = checkLevels(page, payload, leaf);
  checkValues(page, payload.values, present, leaf);
  const decoder = decoderOf(leaf);
  // Levels in the form of a version 1 page, whichever they came in: one way in for both.
  const parts = [payload.repetition, payload.definition]
    .filter((runs) => runs !== undefined)
    .map((runs) => runs.bytes.subarray(runs.start, runs.end));
  const size = parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const bytes = new Uint8Array(size + payload.values.length);
  let at = 0;
  for (const part of parts) {
    new DataView(bytes.buffer).setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  bytes.set(payload.values, at);
  const header = {
    num_values: page.slots,
    encoding: page.encoding,
    definition_level_encoding: "RLE",
    repetition_level_encoding: "RLE",
  } as Parameters<typeof readDataPage>[1];
  const { definitionLevels, repetitionLevels, dataPage } = readDataPage(
    bytes,
    header,
    decoder,
  );
  if (page.encoding.endsWith("_DICTIONARY") && dictionary === undefined) {
    throw new Error("Dictionary page is missing");
  }
  return {
    definition: definitionLevels ?? [],
    repetition: repetitionLevels,
    values: convertWithDictionary(
      dataPage,
      dictionary,
      header.encoding,
      decoder,
    ),
  };
}

/** Decodes a dictionary page with hyparquet. */
export function dictionaryThroughHyparquet(
  page: Page,
  bytes: Uint8Array,
  leaf: StoredLeaf,
): DecodedArray {
  const decoder = decoderOf(leaf);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = readPlain(
    { view, offset: 0 },
    decoder.type,
    page.slots,
    leaf.typeLength,
  );
  return convert(values, decoder);
}

/**
 * Bytes of which the schema says nothing: text where they are valid as such, which older writers left unsaid, and
 * otherwise themselves (pictures, pickles).
 */
const TEXT_OR_BYTES: typeof DEFAULT_PARSERS = {
  ...DEFAULT_PARSERS,
  stringFromBytes(bytes: Uint8Array | undefined) {
    if (bytes === undefined) return bytes;
    try {
      return VALID.decode(bytes);
    } catch {
      return bytes;
    }
  },
};

const VALID = new TextDecoder("utf-8", { fatal: true });

function decoderOf(leaf: StoredLeaf): Parameters<typeof convert>[1] {
  return {
    pathInSchema: leaf.path,
    type: leaf.schema.type!,
    element: leaf.schema,
    schemaPath: pathOf(leaf),
    codec: "UNCOMPRESSED",
    parsers: saysText(leaf) ? DEFAULT_PARSERS : TEXT_OR_BYTES,
    utf8: leaf.utf8 ?? false,
  };
}

function saysText({ schema }: StoredLeaf): boolean {
  return schema.converted_type !== undefined ||
    schema.logical_type !== undefined;
}

// A path with the leaf's levels is all that hyparquet wants of the schema here.
function pathOf(leaf: StoredLeaf): SchemaTree[] {
  const node = (repetition_type: "OPTIONAL" | "REPEATED" | "REQUIRED") => ({
    children: [],
    count: 1,
    path: [],
    element: { name: "", repetition_type },
  });
  const optional = leaf.maxDefinition - leaf.maxRepetition;
  return [
    node("REQUIRED"),
    ...Array.from({ length: leaf.maxRepetition }, () => node("REPEATED")),
    ...Array.from({ length: optional }, () => node("OPTIONAL")),
    {
      ...node("REQUIRED"),
      element: { ...leaf.schema, repetition_type: "REQUIRED" },
    },
  ];
}

// Levels are decoded once here, where runs cannot write beyond the page; returns how many values are present.
function checkLevels(page: Page, payload: Payload, leaf: StoredLeaf): number {
  const levels = new Uint8Array(page.slots);
  if (payload.repetition !== undefined) decodeRuns(payload.repetition, levels);
  if (payload.definition === undefined) return page.slots;
  decodeRuns(payload.definition, levels);
  let present = 0;
  for (const level of levels) if (level === leaf.maxDefinition) present++;
  if (page.version === 2 && page.slots - present !== page.nulls) {
    throw new Error("Levels and page header disagree about nulls");
  }
  return present;
}

function checkValues(
  page: Page,
  values: Uint8Array,
  present: number,
  leaf: StoredLeaf,
) {
  if (page.encoding.endsWith("_DICTIONARY")) {
    if (leaf.schema.type === "BOOLEAN") {
      throw new Error("Bits have no dictionary");
    }
    if (present === 0) return;
    if (values.length === 0) throw new Error("Dictionary indices are missing");
    const runs = {
      bytes: values,
      start: 1,
      end: values.length,
      bitWidth: values[0],
    };
    decodeRuns(runs, new Uint32Array(present));
  } else if (page.encoding.startsWith("DELTA_") && present > 0) {
    checkDelta(page.encoding, values, present, leaf);
  } else if (page.encoding === "BYTE_STREAM_SPLIT") {
    if (present * leaf.typeLength > values.length) {
      throw new Error("Values are cut off");
    }
  } else if (page.encoding === "RLE") {
    checkBooleans(values, present, leaf);
  }
}

// The only values in runs without a dictionary; a length of four bytes goes before them.
function checkBooleans(values: Uint8Array, present: number, leaf: StoredLeaf) {
  if (leaf.schema.type !== "BOOLEAN") throw new Error("Values cannot be runs");
  if (present === 0) return;
  const runs = { bytes: values, start: 4, end: values.length, bitWidth: 1 };
  decodeRuns(runs, new Uint8Array(present));
}

function checkDelta(
  encoding: string,
  bytes: Uint8Array,
  count: number,
  leaf: StoredLeaf,
) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  checkBlocks(reader);
  if (encoding === "DELTA_BINARY_PACKED") return;
  // Lengths (and before them, for DELTA_BYTE_ARRAY, shared prefixes): what hyparquet allocates by.
  const lists = encoding === "DELTA_BYTE_ARRAY" ? 2 : 1;
  let total = 0;
  const most = leaf.typeLength > 0 ? leaf.typeLength : bytes.length;
  for (let i = 0; i < lists; i++) {
    if (i > 0) checkBlocks(reader);
    const lengths = new Int32Array(count);
    deltaBinaryUnpack(reader, count, lengths);
    if (!lengths.every((length) => length >= 0 && length <= most)) {
      throw new Error("Byte array lengths are corrupt");
    }
    total += lengths.reduce((sum, length) => sum + length, 0);
    if (total > VALUES_MOST) throw new Error("Page expands beyond all bounds");
  }
}

function checkBlocks({ view, offset }: { view: DataView; offset: number }) {
  const reader = { view, offset };
  const block = readVarInt(reader);
  const miniblocks = readVarInt(reader);
  const sound = block > 0 && block <= 65536 && miniblocks > 0 &&
    block % miniblocks === 0 && (block / miniblocks) % 8 === 0;
  if (!sound) throw new Error("Delta blocks are corrupt");
}
