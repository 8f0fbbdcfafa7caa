import { type ByteSource, heldBytes } from "../../files/bytes.ts";
import type { Leaf } from "./columns.ts";
import { decodeRuns } from "./levels.ts";
import { type Chunk, type Page, walkPages } from "./pages.ts";
import { readDictionaryBytes, readPayload } from "./payload.ts";
import {
  decodeThroughHyparquet,
  dictionaryThroughHyparquet,
} from "./through_hyparquet.ts";

/** What the levels of a nested column say: which of its rows belong to which outer row. */
export interface NestedRows {
  /** Inner lists: the column's rows. */
  rows: number;
  /** For every outer row its first inner row; the next one's is where it ends. */
  starts: Uint32Array;
}

/** Reads the levels of a nested column, and no values but what lies compressed together with them. */
export async function scanNested(
  source: ByteSource,
  chunk: Chunk,
  leaf: Leaf,
  outerRows: number,
  pageLimit: number,
): Promise<NestedRows> {
  const starts: number[] = [];
  let rows = 0;
  for await (const page of walkPages(source, chunk, pageLimit)) {
    if (page.version === 0) continue;
    const { repetition, definition } = await readLevels(
      source,
      page,
      leaf,
      chunk.codec,
    );
    for (let i = 0; i < page.slots; i++) {
      if (repetition[i] === 0) starts.push(rows);
      if (repetition[i] < 2 && definition[i] >= leaf.outerDefinition) rows++;
    }
  }
  if (starts.length !== outerRows) {
    throw new Error(`Column holds ${starts.length} rows, not ${outerRows}`);
  }
  return { rows, starts: Uint32Array.from(starts) };
}

async function readLevels(
  source: ByteSource,
  page: Page,
  leaf: Leaf,
  codec: string,
): Promise<{ repetition: Uint8Array; definition: Uint8Array }> {
  const levelBytes = page.repetitionBytes + page.definitionBytes;
  const head: Page = page.version === 2
    ? {
      ...page,
      compressed: levelBytes,
      uncompressed: levelBytes,
      crc: undefined,
      valuesCompressed: false,
    }
    : page;
  const stored = await source.read(head.offset, head.compressed);
  const bytes = heldBytes(head.offset, stored);
  const payload = readPayload(bytes, head, leaf, codec);
  const repetition = new Uint8Array(page.slots);
  const definition = new Uint8Array(page.slots);
  if (payload.repetition !== undefined) {
    decodeRuns(payload.repetition, repetition);
  }
  if (payload.definition !== undefined) {
    decodeRuns(payload.definition, definition);
  }
  return { repetition, definition };
}

/** Vectors looked at to learn their length. */
const PROBED = 64;

/**
 * The length of a column's vectors, where neither schema nor counts tell: the most frequent one among the first.
 *
 * @returns values a list, or bytes a blob; undefined where there is no vector
 */
export async function probeLength(
  source: ByteSource,
  chunk: Chunk,
  leaf: Leaf,
  pageLimit: number,
): Promise<number | undefined> {
  const counts = new Map<number, number>();
  let seen = 0;
  const lengths = leaf.layout === "blob"
    ? blobLengths(source, chunk, leaf, pageLimit)
    : listLengths(source, chunk, leaf, pageLimit);
  for await (const length of lengths) {
    if (length > 0) counts.set(length, (counts.get(length) ?? 0) + 1);
    if (++seen === PROBED) break;
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best?.[0];
}

async function* listLengths(
  source: ByteSource,
  chunk: Chunk,
  leaf: Leaf,
  pageLimit: number,
): AsyncGenerator<number> {
  let length = -1;
  for await (const page of walkPages(source, chunk, pageLimit)) {
    if (page.version === 0) continue;
    const levels = await readLevels(source, page, leaf, chunk.codec);
    for (let i = 0; i < page.slots; i++) {
      if (levels.repetition[i] < leaf.maxRepetition) {
        if (length >= 0) yield length;
        length = 0;
      }
      if (levels.definition[i] === leaf.maxDefinition) length++;
    }
  }
  if (length >= 0) yield length;
}

async function* blobLengths(
  source: ByteSource,
  chunk: Chunk,
  leaf: Leaf,
  pageLimit: number,
): AsyncGenerator<number> {
  let dictionary: ReturnType<typeof dictionaryThroughHyparquet> | undefined;
  for await (const page of walkPages(source, chunk, pageLimit)) {
    const stored = await source.read(page.offset, page.compressed);
    const bytes = heldBytes(page.offset, stored);
    if (page.version === 0) {
      const plain = readDictionaryBytes(bytes, page, chunk.codec);
      dictionary = dictionaryThroughHyparquet(page, plain, leaf);
      continue;
    }
    const payload = readPayload(bytes, page, leaf, chunk.codec);
    const decoded = decodeThroughHyparquet(page, payload, leaf, dictionary);
    for (const value of decoded.values) yield (value as Uint8Array).length;
  }
}
