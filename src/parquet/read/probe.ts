import type { ColumnChunk } from "hyparquet";
import { type ByteSource, heldBytes } from "../../files/bytes.ts";
import type { Leaf } from "./columns.ts";
import { decodedPages } from "./decoded_pages.ts";
import { decodeRuns, requireRowBegin } from "./levels.ts";
import { type Chunk, type Page, walkPages } from "./pages.ts";
import { readPayload } from "./payload.ts";

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

/**
 * The inner lists of a nested column by the histograms of its levels, which some writers keep in the footer.
 *
 * @returns undefined where there are none, or they contradict the footer
 */
export function countNested(
  leaf: Leaf,
  chunk: Chunk,
  outerRows: number,
  histograms: NonNullable<ColumnChunk["meta_data"]>["size_statistics"],
): number | undefined {
  const repetition = histograms?.repetition_level_histogram?.map(Number);
  const definition = histograms?.definition_level_histogram?.map(Number);
  if (
    repetition?.length !== leaf.maxRepetition + 1 ||
    definition?.length !== leaf.maxDefinition + 1
  ) return undefined;
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  const fits = repetition[0] === outerRows &&
    sum(repetition) === chunk.slots && sum(definition) === chunk.slots;
  return fits
    ? repetition[0] + repetition[1] -
      sum(definition.slice(0, leaf.outerDefinition))
    : undefined;
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
  } else definition.fill(leaf.maxDefinition);
  requireLevels(page, repetition, definition, leaf);
  return { repetition, definition };
}

function requireLevels(
  page: Page,
  repetition: Uint8Array,
  definition: Uint8Array,
  { maxRepetition, maxDefinition }: Leaf,
) {
  if (page.firstSlot === 0 && page.slots > 0) requireRowBegin(repetition[0]);
  const beyond = repetition.some((level) => level > maxRepetition) ||
    definition.some((level) => level > maxDefinition);
  if (beyond) throw new Error("Levels are beyond what the schema has");
}

/** Vectors looked at to learn their length, those that are not empty. */
const PROBED = 64;

/** What a column's first vectors say of their length. */
export interface ProbedLength {
  /** Values a list, or bytes a blob: the most frequent among those that are not empty. */
  length: number;
  /** Whether all of these have it. */
  uniform: boolean;
}

/**
 * The length of a column's vectors, as the first of them have it.
 *
 * @returns undefined where there is no vector
 */
export async function probeLength(
  source: ByteSource,
  chunk: Chunk,
  leaf: Leaf,
  pageLimit: number,
): Promise<ProbedLength | undefined> {
  const counts = new Map<number, number>();
  let seen = 0;
  const lengths = leaf.layout === "blob"
    ? blobLengths(source, chunk, leaf, pageLimit)
    : listLengths(source, chunk, leaf, pageLimit);
  for await (const length of lengths) {
    if (length === 0) continue;
    counts.set(length, (counts.get(length) ?? 0) + 1);
    if (++seen === PROBED) break;
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best && { length: best[0], uniform: counts.size === 1 };
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
      if (levels.definition[i] >= leaf.innerDefinition) length++;
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
  for await (
    const { decoded } of decodedPages(source, chunk, leaf, pageLimit)
  ) {
    for (const value of decoded.values) yield (value as Uint8Array).length;
  }
}
