import { DbksvdError } from "../errors.ts";
import type { DictionaryModel } from "../model/model.ts";
import { fingerprint, otherFilesNotice } from "./codes_metadata.ts";
import type { StoredCodes } from "./code_records.ts";
import { type CodesReader, openCodes } from "./codes_reader.ts";
import type { UseProgress } from "../coding/coder.ts";
import { RewritableFile } from "../rows/rewrite/rewrite.ts";
import { requireLike, writeLike } from "./decode_like.ts";
import { reconstructAll } from "./reconstruct_codes.ts";
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
import { requireKnownOptions } from "../unknown_options.ts";

/** What is said where codes tell nothing of how long their rows were. */
const SCALED =
  "The codes are of rows scaled to length 1 (--unit-norm): what is rebuilt is about that long, whatever the rows were";

/** Options of {@linkcode decode}. */
export interface DecodeOptions {
  /** The Parquet file to write. */
  out: string;
  /** Replace whatever is there, not only rows of this model and these codes. */
  overwrite?: boolean | undefined;
  /**
   * The file that was encoded: what is written is this file again, its vectors rebuilt, with layout, types, order and
   * all else as they are. Vectors without codes stay.
   */
  like?: string | undefined;
  /** Name of the column with the rows: `embedding` by default; with `like`, which vectors of the file are meant. */
  column?: string | undefined;
  /** With `like`: what the bytes of a column of bytes are. */
  blobType?: "f32" | "f16" | "bf16" | undefined;
  /** With `like`: dimensions of a row in raw numbers. */
  width?: number | undefined;
  /** Of Parquet: `zstd` by default; with `like`, what the file has. */
  compression?: Compression | undefined;
  /** Stops the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called after every batch. */
  onProgress?: ((progress: UseProgress) => void) | undefined;
  /** A word for the log. */
  onNotice?: ((notice: string) => void) | undefined;
}

/** The names of {@linkcode DecodeOptions}: all of them, as the type says. */
const DECODE_OPTIONS = Object.keys(
  {
    out: true,
    overwrite: true,
    like: true,
    column: true,
    blobType: true,
    width: true,
    compression: true,
    signal: true,
    onProgress: true,
    onNotice: true,
  } satisfies Record<keyof DecodeOptions, true>,
);

/** What {@linkcode decode} did. */
export interface DecodeResult {
  /** The file written. */
  out: string;
  /** Rows decoded. */
  rows: number;
  /** With `like`: vectors of the file that there are no codes of. */
  rowsUnchanged?: number;
  /** Size of the file. */
  bytes: number;
  /** Time taken. */
  seconds: number;
}

/**
 * Turns a file of codes back into rows, ŷ = mean + Σ value·atom, in a Parquet file with `row` and a list column: what
 * the library's `reconstruct` gives; or, with `like`, in a file like the one that was encoded, for putting back into a
 * model.
 *
 * @param model the dictionary that the rows were encoded with
 * @param codes a Parquet file as `encode` writes it, or a directory of the parts that several processes wrote
 * @param options where to, like which file, the column's name, compression
 * @throws {DbksvdError} `usage` where the output is the file of codes or the one that it is to be like, `data` where
 * there are no codes of this model or of that file's rows, `run` where the file cannot be written
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
  requireKnownOptions(options, DECODE_OPTIONS, "decode()");
  const started = performance.now();
  const { out, like } = options;
  await requireApart(out, like === undefined ? [codes] : [codes, like]);
  if (like === undefined) requireParquetName(out, "Rows");
  const reader = await openCodes(codes, model);
  try {
    await checkModel(model, reader, codes);
    if (reader.description?.unitNorm) options.onNotice?.(SCALED);
    const { rows, bytes } = reader;
    const inputs = [{ path: codes, rows, bytes }];
    // What its vectors are not of is of this file.
    if (like !== undefined) inputs.push(await likeOf(like, rows));
    const origin = await originOf("decode", model, inputs);
    const claim = await claimOutput(out, origin, {
      overwrite: options.overwrite,
      read: parquetOrigin,
      onNotice: options.onNotice,
    });
    try {
      const to = { ...options, out: claim.path, origin };
      const done = like === undefined
        ? await writeRows(model, reader, to)
        : await writeRowsLike(model, reader, { ...to, like, codes });
      const seconds = (performance.now() - started) / 1000;
      return { out, ...done, seconds };
    } finally {
      await claim.release();
    }
  } finally {
    reader.close();
  }
}

async function likeOf(path: string, rows: number) {
  const found = await Deno.stat(path).catch(() => undefined);
  return { path, rows, bytes: found?.size ?? 0 };
}

async function writeRowsLike(
  model: DictionaryModel,
  reader: CodesReader,
  options: DecodeOptions & {
    origin: OutputOrigin;
    like: string;
    codes: string;
  },
) {
  const { like, out, origin } = options;
  const input = await RewritableFile.open(like, options);
  try {
    requireLike(input, like, out, model);
    const { size: bytes } = await Deno.stat(like);
    const files = [{ path: like, rows: input.rows, bytes }];
    const notice = otherFilesNotice(reader.description, files);
    if (notice !== undefined) options.onNotice?.(notice);
    const metadata = footerOf(origin);
    return await writeLike(model, reader, input, out, { ...options, metadata });
  } finally {
    input.close();
  }
}

function footerOf(origin: OutputOrigin): Record<string, string> {
  const record = { toolVersion: TOOL_VERSION, ...origin };
  return { dbksvd: JSON.stringify(record) };
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
    metadata: footerOf(options.origin),
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
