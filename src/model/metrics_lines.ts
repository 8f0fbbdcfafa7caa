import { DbksvdError } from "../errors.ts";
import type { MetricsLine } from "./model.ts";
import { parseMetricsLine } from "./records.ts";

/** A line an iteration, in order: in memory, or read from a file as they are asked for. */
export type MetricsLines = Iterable<MetricsLine> | AsyncIterable<MetricsLine>;

/** A longer line is none that `train` writes. */
const LONGEST_LINE = 2 ** 20;

/** Bytes read or written at a time. */
const CHUNK = 2 ** 16;

const NEWLINE = 10;

/**
 * The lines of a `metrics.jsonl`, read each time they are gone through, never all at once. A file that is not there has
 * none.
 *
 * @param path the file
 * @throws {DbksvdError} `data`, while they are read, where the file is not what `train` writes
 */
export function metricsIn(path: string): AsyncIterable<MetricsLine> {
  return { [Symbol.asyncIterator]: () => read(path) };
}

/** A line as it stands in `metrics.jsonl`. */
export function metricsText(line: MetricsLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** The bytes of a `metrics.jsonl`, many lines at a time. */
export async function* metricsBytes(
  lines: MetricsLines,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = "";
  for await (const line of lines) {
    text += metricsText(line);
    if (text.length < CHUNK) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(text);
}

async function* read(path: string): AsyncGenerator<MetricsLine> {
  let row = 0;
  for await (const text of textLines(path)) {
    if (text.trim() !== "") yield parseMetricsLine(text, path, row);
    row++;
  }
}

async function* textLines(path: string): AsyncGenerator<string> {
  let begun: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(path)) {
    let start = 0, end: number;
    while ((end = chunk.indexOf(NEWLINE, start)) >= 0) {
      yield decoder.decode(joined(begun, chunk.subarray(start, end)));
      begun = new Uint8Array(0);
      start = end + 1;
    }
    begun = joined(begun, chunk.subarray(start));
    if (begun.length > LONGEST_LINE) {
      throw new DbksvdError("data", "A model's metrics are damaged", {
        where: { file: path },
        mend: "train again, or restore the file",
      });
    }
  }
  if (begun.length > 0) yield decoder.decode(begun);
}

/**
 * The bytes of a file, some at a time; none where it is not there.
 *
 * @throws {DbksvdError} `data` where it cannot be read
 */
export async function* chunksOf(
  path: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    using file = await Deno.open(path);
    const buffer = new Uint8Array(CHUNK);
    for (;;) {
      const length = await file.read(buffer);
      if (length === null) return;
      yield buffer.slice(0, length);
    }
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    if (cause instanceof DbksvdError) throw cause;
    throw new DbksvdError("data", "Cannot read a model's file", {
      where: { file: path },
      mend: "check that it is a readable file",
      cause,
    });
  }
}

function joined(
  one: Uint8Array<ArrayBuffer>,
  other: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
