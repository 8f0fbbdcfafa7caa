import { DbksvdError } from "../errors.ts";
import type { DictionaryModel } from "../model/model.ts";
import { reconstruct } from "../model/reconstruct.ts";
import { fingerprint } from "./codes_metadata.ts";
import {
  type CodesReader,
  openCodes,
  type StoredCodes,
} from "./codes_reader.ts";
import type { UseProgress } from "../coding/coder.ts";
import { pauseIfDue } from "../pause.ts";
import {
  claimOutput,
  originOf,
  type OutputOrigin,
  parquetOrigin,
} from "./output_claim.ts";
import { requireApart } from "./output_guard.ts";
import { requireParquetName } from "./output_name.ts";
import type { Compression } from "../parquet/write/codecs.ts";
import { type GroupColumn, ParquetFile } from "../parquet/write/file.ts";
import { numberSchema } from "../parquet/write/pages.ts";
import { TOOL_VERSION } from "../version.ts";

/** Multiplications (rows × slots × width) between two looks at the signal. */
const PART_WORK = 2 ** 25;

/** Options of {@linkcode decode}. */
export interface DecodeOptions {
  /** The Parquet file to write. */
  out: string;
  /** Replace whatever is there, not only rows of this model and these codes. */
  overwrite?: boolean | undefined;
  /** Name of the column with the rows; `embedding` by default. */
  column?: string | undefined;
  /** `zstd` by default. */
  compression?: Compression | undefined;
  /** Stops the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called after every batch. */
  onProgress?: ((progress: UseProgress) => void) | undefined;
  /** A word for the log. */
  onNotice?: ((notice: string) => void) | undefined;
}

/** What {@linkcode decode} did. */
export interface DecodeResult {
  /** The file written. */
  out: string;
  /** Rows decoded. */
  rows: number;
  /** Size of the file. */
  bytes: number;
  /** Time taken. */
  seconds: number;
}

/**
 * Turns a file of codes back into rows, ŷ = mean + Σ value·atom, in a Parquet file with `row` and a list column: what
 * the library's `reconstruct` gives, for splicing into a model.
 *
 * @param model the dictionary that the rows were encoded with
 * @param codes a Parquet file as `encode` writes it, or a directory of the parts that several processes wrote
 * @param options where to, the column's name, compression
 * @throws {DbksvdError} `usage` where the output is the file of codes, `data` where that holds no codes of this
 * model, `run` where the file cannot be written
 *
 * @example
 * ```ts
 * import { decode, encode, openRows, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const directory = await Deno.makeTempDir();
 * const { out: codes } = await encode(model, source, { out: `${directory}/codes.parquet`, device: "cpu" });
 * const { out } = await decode(model, codes, { out: `${directory}/rows.parquet` });
 * const back = await openRows(out);
 * assert.equal(back.rowCount, 200);
 * await back.close();
 * ```
 */
export async function decode(
  model: DictionaryModel,
  codes: string,
  options: DecodeOptions,
): Promise<DecodeResult> {
  const started = performance.now();
  await requireApart(options.out, [codes]);
  requireParquetName(options.out, "Rows");
  const reader = await openCodes(codes, model);
  try {
    await checkModel(model, reader, codes);
    const { rows, bytes } = reader;
    const input = { path: codes, rows, bytes };
    const origin = await originOf("decode", model, [input]);
    const claim = await claimOutput(options.out, origin, {
      overwrite: options.overwrite,
      read: parquetOrigin,
      onNotice: options.onNotice,
    });
    try {
      const to = { ...options, out: claim.path, origin };
      const { rows, bytes } = await writeRows(model, reader, to);
      const seconds = (performance.now() - started) / 1000;
      return { out: options.out, rows, bytes, seconds };
    } finally {
      await claim.release();
    }
  } finally {
    reader.close();
  }
}

async function checkModel(
  model: DictionaryModel,
  { description }: CodesReader,
  path: string,
) {
  if (description?.by === "activation") {
    throw new DbksvdError("data", "The file holds activations", {
      where: { file: path },
      mend: "only codes rebuild rows: encode them without --activations",
    });
  }
  const stored = description?.dictionary;
  if (stored === undefined || stored === await fingerprint(model)) return;
  throw new DbksvdError("data", "The codes are of another dictionary", {
    where: { file: path },
    mend: "take the model that these rows were encoded with",
  });
}

async function writeRows(
  model: DictionaryModel,
  reader: CodesReader,
  options: DecodeOptions & { origin: OutputOrigin },
) {
  let file: ParquetFile | undefined;
  let writing = Promise.resolve();
  let rows = 0;
  try {
    for await (const batch of reader.batches(options.signal)) {
      file ??= await create(options, batch);
      const columns = await columnsOf(model, batch, options);
      await writing;
      writing = file.writeGroup(batch.codes.rows, columns);
      writing.catch(() => {}); // reported when awaited
      rows += batch.codes.rows;
      options.onProgress?.({ rows, total: reader.rows });
    }
    file ??= await create(options);
    await writing;
    await file.finish();
    return { rows, bytes: file.bytes };
  } catch (error) {
    await Promise.allSettled([writing]);
    await file?.abandon();
    throw error;
  }
}

function create(
  options: DecodeOptions & { origin: OutputOrigin },
  first?: StoredCodes,
): Promise<ParquetFile> {
  const nested = first?.items !== undefined;
  return ParquetFile.create(options.out, {
    columns: [
      numberSchema("row", "INT64", false),
      ...nested ? [numberSchema("item", "INT32", false)] : [],
      numberSchema(options.column ?? "embedding", "FLOAT", true),
    ],
    compression: options.compression ?? "zstd",
    metadata: {
      dbksvd: JSON.stringify({ toolVersion: TOOL_VERSION, ...options.origin }),
    },
  });
}

async function columnsOf(
  model: DictionaryModel,
  { codes, rowNumbers, items }: StoredCodes,
  options: DecodeOptions,
): Promise<GroupColumn[]> {
  return [
    { name: "row", data: rowNumbers },
    ...items === undefined ? [] : [{ name: "item", data: items }],
    {
      name: options.column ?? "embedding",
      data: await reconstructAll(model, codes, options.signal),
      lengths: new Uint32Array(codes.rows).fill(model.width),
    },
  ];
}

// A part at a time, so that signals are heeded.
async function reconstructAll(
  model: DictionaryModel,
  codes: StoredCodes["codes"],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { sparsity: k } = codes;
  const { width } = model;
  const all = new Float32Array(codes.rows * width);
  const most = Math.max(1, Math.floor(PART_WORK / (k * width)));
  for (let from = 0; from < codes.rows; from += most) {
    await pauseIfDue(signal);
    const to = Math.min(codes.rows, from + most);
    const part = reconstruct(model, {
      rows: to - from,
      sparsity: k,
      indices: codes.indices.subarray(from * k, to * k),
      values: codes.values.subarray(from * k, to * k),
    });
    all.set(part, from * width);
  }
  return all;
}
