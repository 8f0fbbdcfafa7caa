import { createEngine, type DeviceChoice } from "../engine/create.ts";
import type {
  Codes,
  Engine,
  EngineInfo,
  EngineSpec,
} from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { coderInWords } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { Decoder } from "../model/reconstruct.ts";
import type { BatchOptions, RowBatch, RowSource } from "../rows/source.ts";
import { codingSpec } from "./measure.ts";

/** Values of the largest array that a batch gives rise to (its rows, or their correlations). */
const BATCH_VALUES = 2 ** 26;

/** Most rows in a batch. */
const BATCH_ROWS = 16384;

/** Batches that an engine is given before the first one's codes are waited for. */
const IN_FLIGHT = 2;

/** How far a long call is. */
export interface UseProgress {
  /** Rows done. */
  rows: number;
  /** Rows in all, before filters drop any. */
  total: number;
}

/** What every use of a dictionary takes: where it runs, how it is stopped and followed. */
export interface RunOptions {
  /** Where the numbers are crunched; `auto` by default. */
  device?: DeviceChoice;
  /** Makes engines, in place of `device`'s choice. */
  createEngine?(spec: EngineSpec): Promise<Engine>;
  /** Stops the call, which then throws the signal's reason. */
  signal?: AbortSignal;
  /** Called after every batch. */
  onProgress?(progress: UseProgress): void;
  /** A word for the log. */
  onNotice?(notice: string): void;
}

/** Codes without their residuals. */
export type SparseCodes = Pick<
  Codes,
  "rows" | "sparsity" | "indices" | "values"
>;

/** Turns rows into codes of one dictionary. */
export interface RowCoder<C extends SparseCodes = SparseCodes> {
  /** The dictionary that the codes are of. */
  readonly decoder: Decoder & {
    groups?: readonly number[];
    normLimit?: number;
  };
  /** How codes are found, in words. */
  readonly description: string;
  /** What runs it. */
  readonly info: EngineInfo;
  /** Codes raw rows; may take their buffer with it. */
  encode(rows: { data: Float32Array; rows: number }): Promise<C>;
  close(): Promise<void>;
}

/** Rows with their codes. */
export interface CodedBatch<C extends SparseCodes = Codes> {
  batch: RowBatch;
  codes: C;
  /** The raw rows, where they were asked for. */
  data?: Float32Array;
}

/** Rows that a batch holds, so that a batch's arrays stay within bounds whatever the width and the number of atoms. */
export function rowsAtOnce(width: number, atoms: number): number {
  const rows = Math.floor(BATCH_VALUES / Math.max(width, atoms));
  return Math.max(1, Math.min(BATCH_ROWS, rows));
}

/** A coder that runs a model's own pursuit on an engine. */
export async function engineCoder(
  model: DictionaryModel,
  options: RunOptions,
): Promise<RowCoder<Codes>> {
  const spec = codingSpec(model, rowsAtOnce(model.width, model.atoms));
  const engine = await (options.createEngine?.(spec) ??
    createEngine(spec, {
      device: options.device ?? "auto",
      onNotice: options.onNotice,
    }));
  await engine.loadDictionary(model.dictionary);
  return {
    decoder: model,
    description: coderInWords(model),
    info: engine.info,
    encode: (rows) => engine.encode(rows),
    close: () => engine.close(),
  };
}

/**
 * Codes a source's rows in order. The engine works on the next batches while the caller handles one, and the source
 * reads ahead of both.
 *
 * @param source the rows
 * @param coder what codes them
 * @param options which rows, how many at once at most; whether the caller needs their values too
 */
export async function* codeRows<C extends SparseCodes>(
  source: RowSource,
  coder: RowCoder<C>,
  options: RunOptions & {
    delivery?: BatchOptions;
    keepData?: boolean;
    mostRows?: number;
  } = {},
): AsyncGenerator<CodedBatch<C>> {
  checkWidth(source, coder.decoder.width);
  const { signal, onProgress, delivery, mostRows = Infinity } = options;
  const { width, atoms } = coder.decoder;
  const batches = source.batches(Math.min(rowsAtOnce(width, atoms), mostRows), {
    ...delivery,
    signal,
  });
  const inFlight: Promise<CodedBatch<C>>[] = [];
  let rows = 0;
  const next = async () => {
    const coded = await inFlight.shift()!;
    rows += coded.codes.rows;
    onProgress?.({ rows, total: rowsDelivered(source, delivery) });
    return coded;
  };
  try {
    for await (const batch of batches) {
      signal?.throwIfAborted();
      const data = options.keepData ? batch.data.slice() : undefined;
      const coded = coder.encode(batch)
        .then((codes) => ({ batch, codes, data }));
      coded.catch(() => {}); // reported when its turn comes
      inFlight.push(coded);
      if (inFlight.length >= IN_FLIGHT) yield await next();
    }
    while (inFlight.length > 0) {
      signal?.throwIfAborted();
      yield await next();
    }
  } finally {
    await Promise.allSettled(inFlight);
  }
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
