import { createEngine, type WorkerEngineOptions } from "../engine/create.ts";
import type {
  Codes,
  DeviceChoice,
  Engine,
  EngineInfo,
  EngineProgress,
  EngineSpec,
} from "../engine/engine.ts";
import { coderInWords } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { Decoder } from "../model/reconstruct.ts";
import { codingSpec } from "./spec.ts";

/** How far a long call is. */
export interface UseProgress {
  /** Rows done. */
  rows: number;
  /** Rows in all, before filters drop any. */
  total: number;
  /** What is done with them, where it is not coding: `pictures` are made small. */
  phase?: "pictures";
}

/** Makes an engine; it may tell how far it is, and live in the thread of a group. */
export type CreateEngine = (
  spec: EngineSpec,
  options?: Pick<WorkerEngineOptions, "onProgress" | "thread">,
) => Promise<Engine>;

/** Which engine does the work, and who can stop it. */
export interface EngineChoice {
  /** Where the numbers are crunched; `auto` by default. */
  device?: DeviceChoice | undefined;
  /** Threads that a CPU engine may use; all that the machine has by default. */
  threads?: number | undefined;
  /** A native BLAS for a CPU engine's products: its file or name, or empty for the one that the system has. */
  blas?: string | undefined;
  /** Makes engines, in place of `device`'s choice. */
  createEngine?: CreateEngine | undefined;
  /** Stops the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** A word for the log. */
  onNotice?: ((notice: string) => void) | undefined;
}

/** What every use of a dictionary takes: where it runs, how it is stopped and followed. */
export interface RunOptions extends EngineChoice {
  /** Called with how far the call is, several times a second where an engine's work on a row does not take longer. */
  onProgress?: ((progress: UseProgress) => void) | undefined;
}

/** The names of {@linkcode EngineChoice}: all of them, as the type says. */
export const ENGINE_OPTIONS = {
  device: true,
  threads: true,
  blas: true,
  createEngine: true,
  signal: true,
  onNotice: true,
} satisfies Record<keyof EngineChoice, true>;

/** The names of {@linkcode RunOptions}. */
export const RUN_OPTIONS = {
  ...ENGINE_OPTIONS,
  onProgress: true,
} satisfies Record<keyof RunOptions, true>;

/** Those of a longer call's options that say how it runs. */
export function runOptions(options: RunOptions): RunOptions {
  const { device, threads, blas, createEngine, signal } = options;
  const { onNotice, onProgress } = options;
  return {
    ...{ device, threads, blas, createEngine, signal },
    ...{ onNotice, onProgress },
  };
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
    groups?: readonly number[] | undefined;
    normLimit?: number | undefined;
  };
  /** How codes are found, in words. */
  readonly description: string;
  /** What runs it. */
  readonly info: EngineInfo;
  /** Most rows that one call takes. */
  readonly mostRows: number;
  /** Codes raw rows; may take their buffer with it. */
  encode(rows: { data: Float32Array; rows: number }): Promise<C>;
  /** Frees what runs it. */
  close(): Promise<void>;
}

/** A coder that runs a pursuit. */
export interface PursuitCoder extends RowCoder<Codes> {
  /** Codes raw rows; may take their buffer with it. The threshold stands in for the coder's own. */
  encode(
    rows: { data: Float32Array; rows: number },
    threshold?: number,
  ): Promise<Codes>;
}

/**
 * Makes the engine that is chosen: the caller's own, or the device's, in a thread of its own.
 *
 * @param spec everything fixed for the engine's life
 * @param choice which engine
 * @param onProgress called with how far a call is that takes longer than a moment
 * @param thread the thread of a group, for the engine to live there
 * @throws {DbksvdError} `device` where it cannot be made
 */
export function engineFor(
  spec: EngineSpec,
  choice: EngineChoice,
  onProgress?: ((progress: EngineProgress) => void) | undefined,
  thread?: WorkerEngineOptions["thread"],
): Promise<Engine> {
  const { device, threads, blas, signal, onNotice } = choice;
  return choice.createEngine?.(spec, { onProgress, thread }) ??
    createEngine(spec, {
      device,
      threads,
      blas,
      signal,
      onNotice,
      onProgress,
      thread,
    });
}

/**
 * A coder that runs a model's own pursuit on an engine of its own.
 *
 * @param model the dictionary
 * @param options where it runs
 * @throws {DbksvdError} `device` where the engine cannot be made
 */
export async function engineCoder(
  model: DictionaryModel,
  options: RunOptions,
): Promise<PursuitCoder> {
  const engine = await engineFor(codingSpec(model), options);
  try {
    await engine.loadDictionary(model.dictionary);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return coderOn(engine, model, coderInWords(model));
}

/**
 * A coder on an engine that is there already: with its spec's pursuit, by the dictionary that it holds.
 *
 * @param engine what codes; closing the coder closes it
 * @param decoder the dictionary that it holds
 * @param description how codes are found, in words
 */
export function coderOn(
  engine: Engine,
  decoder: RowCoder["decoder"],
  description: string = engine.spec.coder.method,
): PursuitCoder {
  return {
    decoder,
    description,
    info: engine.info,
    mostRows: engine.spec.sampleBatch,
    encode: (rows, threshold) => engine.encode(rows, threshold),
    close: () => engine.close(),
  };
}
