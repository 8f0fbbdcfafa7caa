import type { Codes } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { pauseIfDue } from "../pause.ts";
import type { BatchOptions, RowBatch, RowSource } from "../rows/source.ts";
import type { RowCoder, RunOptions, SparseCodes } from "./coder.ts";
import { PieceCoder } from "./pieces.ts";
import { rowsAtOnce } from "./spec.ts";

/** Batches that coders are given before the first one's codes are waited for. */
const IN_FLIGHT = 2;

/** Multiplications (rows × slots × width) that rebuilding the rows of one part takes: about a tenth of a second. */
const PART_WORK = 2 ** 26;

/** Rows with their codes by one coder after the other. */
export interface CodedRows<C extends SparseCodes = Codes> {
  /** The rows as they came; the consumer may read them until it asks for the next ones. */
  batch: RowBatch;
  /** Their codes, in the order of the coders. */
  codes: C[];
}

/** Which rows are coded, and how they are followed. */
export interface CodingOptions
  extends Pick<RunOptions, "signal" | "onProgress"> {
  /** Which rows; all by default. */
  delivery?: BatchOptions | undefined;
  /** How many are read at once at most. */
  mostRows?: number | undefined;
  /** Give whole batches, because what the caller does with a row is little; else parts that are rebuilt in a moment. */
  whole?: boolean;
}

/**
 * Codes a source's rows in order, by one coder or by several from one read. The coders work on the next rows while
 * the caller handles these, and the source reads ahead of both; coders get pieces that take about a tenth of a
 * second, the caller gets parts that take it no longer, so that signals are heeded and progress shows. Neither the
 * parts nor what is in them depend on how long anything took.
 *
 * @param source the rows
 * @param coders what codes them, all of the source's width
 * @param options which rows, how many are read at once at most; progress, an `AbortSignal`
 * @throws {DbksvdError} `data` where rows and a dictionary do not fit; what reading and coding throw; the signal's
 * reason
 */
export async function* codeRows<C extends SparseCodes>(
  source: RowSource,
  coders: readonly RowCoder<C>[],
  options: CodingOptions = {},
): AsyncGenerator<CodedRows<C>> {
  for (const { decoder } of coders) checkWidth(source, decoder.width);
  const { onProgress, delivery, mostRows = Infinity } = options;
  const left = new AbortController();
  const signal = options.signal === undefined
    ? left.signal
    : AbortSignal.any([options.signal, left.signal]);
  const { width } = source;
  const work = options.whole ? Infinity : PART_WORK;
  const parts = (coded: CodedRows<C>) => inParts(coded, width, work, signal);
  const total = rowsDelivered(source, delivery);
  let done = 0;
  const pieceCoders = coders.map((coder) =>
    new PieceCoder(coder, (rows) => {
      done += rows / coders.length;
      onProgress?.({ rows: Math.round(done), total });
    }, signal)
  );
  const size = Math.min(
    mostRows,
    ...coders.map(({ decoder }) => rowsAtOnce(decoder.width, decoder.atoms)),
  );
  const inFlight: Promise<CodedRows<C>>[] = [];
  try {
    for await (const batch of source.batches(size, { ...delivery, signal })) {
      signal?.throwIfAborted();
      const coded = Promise.all(pieceCoders.map((coder) => coder.code(batch)))
        .then((codes) => ({ batch, codes }));
      coded.catch(() => {}); // reported when its turn comes
      inFlight.push(coded);
      if (inFlight.length >= IN_FLIGHT) {
        yield* parts(await inFlight.shift()!);
      }
    }
    while (inFlight.length > 0) {
      yield* parts(await inFlight.shift()!);
    }
  } finally {
    left.abort();
    await Promise.allSettled(inFlight);
  }
}

async function* inParts<C extends SparseCodes>(
  coded: CodedRows<C>,
  width: number,
  work: number,
  signal: AbortSignal,
): AsyncGenerator<CodedRows<C>> {
  const { batch, codes } = coded;
  const slots = codes.reduce((sum, { sparsity }) => sum + sparsity, 1);
  const rows = Math.max(1, Math.floor(work / (slots * width)));
  for (let from = 0; from < batch.rows; from += rows) {
    await pauseIfDue(signal);
    yield rows >= batch.rows
      ? coded
      : partOf(coded, width, from, Math.min(batch.rows, from + rows));
  }
  batch.release?.();
}

function partOf<C extends SparseCodes>(
  { batch, codes }: CodedRows<C>,
  width: number,
  from: number,
  to: number,
): CodedRows<C> {
  const rowNumbers = batch.rowNumbers?.subarray(from, to);
  const part = (each: C) => ({
    ...each,
    rows: to - from,
    indices: each.indices.subarray(from * each.sparsity, to * each.sparsity),
    values: each.values.subarray(from * each.sparsity, to * each.sparsity),
    ...("residual" in each && {
      residual: (each.residual as Float32Array).subarray(from, to),
    }),
  });
  return {
    batch: {
      data: batch.data.subarray(from * width, to * width),
      rows: to - from,
      firstRow: rowNumbers?.[0] ?? batch.firstRow + from,
      ...(rowNumbers && { rowNumbers }),
    },
    codes: codes.map(part),
  };
}

/** Rows that a delivery brings, before filters drop any: for progress. */
export function rowsDelivered(
  source: RowSource,
  { range, only, except }: BatchOptions = {},
): number {
  const rows = range === undefined
    ? source.rowCount
    : Math.min(range.end, source.rowCount) - range.start;
  return Math.min(rows, only?.size ?? rows) - (except?.size ?? 0);
}

/** Refuses rows that are not of a dictionary's width. */
export function checkWidth(source: RowSource, width: number): void {
  if (source.width === width) return;
  throw new DbksvdError(
    "data",
    `Rows have ${source.width} dimensions, the dictionary has ${width}`,
    {
      where: { file: source.files[0]?.path },
      mend: "take rows of the kind that the dictionary was trained on",
    },
  );
}
