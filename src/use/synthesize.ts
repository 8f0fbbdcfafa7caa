import { pauseIfDue } from "../pause.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import { float32Tensor, safetensorsParts } from "../files/safetensors.ts";
import {
  BLOCK_ROWS,
  DEFAULT_PLANTED_OPTIONS,
  type PlantedOptions,
  PlantedRows,
} from "../synthetic/planted.ts";
import type { UseProgress } from "../coding/coder.ts";
import type { Compression } from "../parquet/write/codecs.ts";
import { ParquetFile } from "../parquet/write/file.ts";
import { numberSchema } from "../parquet/write/pages.ts";
import { requireParquetName } from "./output_name.ts";
import { PLANTED_KEY, requirePlantedPlace } from "./planted_place.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** Blocks of rows that make a row group. */
const BLOCKS_PER_GROUP = 16;

/** Options of {@linkcode synthesize} beside what the data are made of. */
export interface SynthesizeOptions extends Partial<PlantedOptions> {
  /** The Parquet file to write. */
  out: string;
  /** The true dictionary's file; by default beside `out`, ending in `.truth.safetensors`. */
  truth?: string | undefined;
  /** Name of the column with the rows; `embedding` by default. */
  column?: string | undefined;
  /** `zstd` by default. */
  compression?: Compression | undefined;
  /** Stops the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called after every row group. */
  onProgress?: ((progress: UseProgress) => void) | undefined;
}

/** The names of {@linkcode SynthesizeOptions}: all of them, as the type says. */
const SYNTHESIZE_OPTIONS = Object.keys(
  {
    ...DEFAULT_PLANTED_OPTIONS,
    out: true,
    truth: true,
    column: true,
    compression: true,
    signal: true,
    onProgress: true,
  } satisfies Record<keyof SynthesizeOptions, unknown>,
);

/** What {@linkcode synthesize} did. */
export interface SynthesizeResult {
  /** The file of rows. */
  out: string;
  /** The file of the true dictionary: a model of zero mean and scale 1, for `evaluate --truth` and `compare`. */
  truth: string;
  /** Rows written. */
  rows: number;
  /** Size of the file of rows. */
  bytes: number;
  /** Time taken. */
  seconds: number;
}

/**
 * Writes planted data, rows made from a known sparse dictionary, to Parquet, and the dictionary beside them. The same
 * options make the same rows. Planted data may take the place of planted data, not of anything else.
 *
 * @param options the data's make-up, and where it goes
 * @throws {DbksvdError} `usage` for options that cannot be met, `run` where a file cannot be written
 *
 * @example
 * ```ts
 * import { openRows, synthesize } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const directory = await Deno.makeTempDir();
 * const { out } = await synthesize({ out: `${directory}/x.parquet`, rows: 100, width: 8, atoms: 16, sparsity: 2 });
 * const source = await openRows(out);
 * assert.equal(source.width, 8);
 * await source.close();
 * ```
 */
export async function synthesize(
  options: SynthesizeOptions,
): Promise<SynthesizeResult> {
  requireKnownOptions(options, SYNTHESIZE_OPTIONS, "synthesize()");
  requireParquetName(options.out, "Rows");
  const started = performance.now();
  const planted = new PlantedRows(made(options));
  const truth = options.truth ??
    `${options.out.replace(/\.parquet$/, "")}.truth.safetensors`;
  await requirePlantedPlace(options.out, truth);
  const bytes = await writeRows(planted, options);
  const { atoms, width, sparsity, seed } = planted.options;
  await writeFileAtomically(
    truth,
    safetensorsParts({
      dictionary: float32Tensor(planted.dictionary, atoms, width),
    }, { k: String(sparsity), seed: String(seed) }),
  );
  const seconds = (performance.now() - started) / 1000;
  return {
    out: options.out,
    truth,
    rows: planted.options.rows,
    bytes,
    seconds,
  };
}

// The make-up alone, without what was left out.
function made(options: SynthesizeOptions): Partial<PlantedOptions> {
  const { out, truth, column, compression, signal, onProgress, ...rest } =
    options;
  void [out, truth, column, compression, signal, onProgress];
  return Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined),
  );
}

async function writeRows(
  planted: PlantedRows,
  options: SynthesizeOptions,
): Promise<number> {
  const { rows: total, width } = planted.options;
  const name = options.column ?? "embedding";
  const file = await ParquetFile.create(options.out, {
    columns: [numberSchema(name, "FLOAT", true)],
    compression: options.compression ?? "zstd",
    metadata: { [PLANTED_KEY]: JSON.stringify(planted.options) },
  });
  try {
    const step = BLOCKS_PER_GROUP * BLOCK_ROWS;
    for (let first = 0; first < total; first += step) {
      options.signal?.throwIfAborted();
      const rows = Math.min(step, total - first);
      const data = new Float32Array(rows * width);
      for (let at = 0; at < rows; at += BLOCK_ROWS) {
        await pauseIfDue(options.signal);
        data.set(planted.block((first + at) / BLOCK_ROWS), at * width);
      }
      const lengths = new Uint32Array(rows).fill(width);
      await file.writeGroup(rows, [{ name, data, lengths }]);
      options.onProgress?.({ rows: first + rows, total });
    }
    await file.finish();
    return file.bytes;
  } catch (error) {
    await file.abandon();
    throw error;
  }
}
