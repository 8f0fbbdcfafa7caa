import type { Codes, EngineInfo } from "../engine/engine.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { DictionaryModel } from "../model/model.ts";
import { prefixModel } from "../model/prefix.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import { activationCoder } from "./activations.ts";
import { rowNumbersOf } from "./codes.ts";
import {
  engineCoder,
  type RowCoder,
  RUN_OPTIONS,
  type RunOptions,
} from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import { CodesFile, type CodesFileOptions } from "./codes_file.ts";
import {
  claimOutput,
  originOf,
  type OutputOrigin,
  parquetOrigin,
} from "./output_claim.ts";
import { requireApart } from "./output_guard.ts";
import { requireParquetName } from "./output_name.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** Rows coded at once where columns pass through: their values are JavaScript objects, which take room of their own. */
const ROWS_KEEPING = 4096;

/** Options of {@linkcode encode}. */
export interface EncodeOptions extends RunOptions, CodesFileOptions {
  /** The Parquet file to write. */
  out: string;
  /** Replace whatever is there, not only codes of this model and these inputs. */
  overwrite?: boolean | undefined;
  /** Code with the first groups of a nested dictionary only. */
  group?: number | undefined;
  /** Which rows; all by default. */
  rows?: Pick<BatchOptions, "range" | "only" | "except"> | undefined;
}

/** The names of {@linkcode EncodeOptions}: all of them, as the type says. */
const ENCODE_OPTIONS = Object.keys(
  {
    ...RUN_OPTIONS,
    out: true,
    overwrite: true,
    group: true,
    rows: true,
    keep: true,
    dense: true,
    compression: true,
    activations: true,
  } satisfies Record<keyof EncodeOptions, true>,
);

/** What {@linkcode encode} did. */
export interface EncodeResult {
  /** The file written. */
  out: string;
  /** Rows encoded. */
  rows: number;
  /** Size of the file. */
  bytes: number;
  /** Time taken, opening and closing included. */
  seconds: number;
  /** What the file holds: `code`, or `activation`, with which rows cannot be rebuilt. */
  by: AtomReading;
  /** How the codes were found, in words. */
  coder: string;
  /** What ran it. */
  device: EngineInfo;
}

/**
 * Codes rows, streamed, into a Parquet file: one row a sample, in input order, with `row`, the columns asked for,
 * `indices` and `values` (ŷ = mean + Σ value·atom) and `residual` (‖r‖²/‖y − mean‖²). Memory stays bounded whatever the
 * number of rows; the file appears when it is whole. With `activations`, `values` are what the atoms show in place of
 * what rebuilds the row (see {@linkcode AtomReading}), the largest first, and there is no `residual`.
 *
 * @param model the dictionary
 * @param source the rows, of the dictionary's width
 * @param options where to, columns to keep, compression, the device, an `AbortSignal`
 * @throws {DbksvdError} `usage` for options that do not fit the model, an output that is an input or in whose place
 * something else is, `data` for bad rows, `run` where the file cannot be written
 *
 * @example
 * ```ts
 * import { encode, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const out = await Deno.makeTempDir() + "/codes.parquet";
 * const result = await encode(model, source, { out, device: "cpu" });
 * assert.equal(result.rows, 200);
 * ```
 */
export async function encode(
  model: DictionaryModel,
  source: RowSource,
  options: EncodeOptions,
): Promise<EncodeResult> {
  requireKnownOptions(options, ENCODE_OPTIONS, "encode()");
  const started = performance.now();
  prefixModel(model, options.group);
  await requireApart(options.out, source.files.map(({ path }) => path));
  requireParquetName(options.out, "Codes");
  const command = options.activations === undefined
    ? "encode"
    : "encode --activations";
  const origin = await originOf(command, model, source);
  const claim = await claimOutput(options.out, origin, {
    overwrite: options.overwrite,
    read: parquetOrigin,
    onNotice: options.onNotice,
  });
  try {
    const done = await encodeInto(claim.path, model, source, options, origin);
    const seconds = (performance.now() - started) / 1000;
    return { ...done, out: options.out, seconds };
  } finally {
    await claim.release();
  }
}

async function encodeInto(
  path: string,
  model: DictionaryModel,
  source: RowSource,
  options: EncodeOptions,
  origin: OutputOrigin,
): Promise<Omit<EncodeResult, "out" | "seconds">> {
  const coding = prefixModel(model, options.group);
  const { activations } = options;
  const coder = await coderOf(coding, options);
  try {
    const file = await CodesFile.create(path, model, coding, source, {
      keep: options.keep,
      dense: options.dense,
      compression: options.compression,
      activations,
      origin,
    });
    try {
      const batches = codeRows(source, [coder], {
        ...options,
        delivery: options.rows,
        whole: true,
        mostRows: options.keep?.length ? ROWS_KEEPING : undefined,
      });
      for await (const { batch, codes: [codes] } of batches) {
        await file.add({ batch, codes });
      }
      await file.finish();
    } catch (error) {
      await file.abandon();
      throw error;
    }
    return {
      rows: file.rows,
      bytes: file.bytes,
      by: activations === undefined ? "code" : "activation",
      coder: coder.description,
      device: coder.info,
    };
  } finally {
    await coder.close();
  }
}

function coderOf(
  coding: DictionaryModel,
  options: RunOptions & Pick<EncodeOptions, "activations">,
): Promise<RowCoder<Codes>> {
  const { activations } = options;
  return activations === undefined
    ? engineCoder(coding, options)
    : activationCoder(coding, activations, options);
}

/** A run of rows with their codes. */
export interface EncodedRows {
  /** Row number of each, within the source. */
  rowNumbers: Float64Array;
  /** Their codes, values in raw units. */
  codes: Codes;
}

/**
 * Codes rows, streamed, into memory: batch after batch, in input order. With `activations`, the largest of each row in
 * place of its code; there are no residuals then (NaN).
 *
 * @param model the dictionary
 * @param source the rows, of the dictionary's width
 * @param options how many activations, a prefix of groups, which rows, the device, an `AbortSignal`
 * @throws {DbksvdError} `usage` for options that do not fit the model, `data` for bad rows
 *
 * @example
 * ```ts
 * import { encodeRows, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * for await (const { codes } of encodeRows(model, source, { device: "cpu" })) {
 *   assert.equal(codes.values.length, codes.rows * 2);
 * }
 * ```
 */
export async function* encodeRows(
  model: DictionaryModel,
  source: RowSource,
  options:
    & RunOptions
    & Pick<EncodeOptions, "activations" | "group" | "rows"> = {},
): AsyncGenerator<EncodedRows> {
  requireKnownOptions(options, ENCODE_OPTIONS, "encodeRows()");
  const coder = await coderOf(prefixModel(model, options.group), options);
  try {
    const delivery = options.rows;
    for await (
      const { batch, codes: [codes] } of codeRows(source, [coder], {
        ...options,
        delivery,
        whole: true,
      })
    ) {
      yield { rowNumbers: rowNumbersOf(batch), codes };
    }
  } finally {
    await coder.close();
  }
}
