import { DbksvdError, type ErrorKind, type ErrorPlace } from "../../errors.ts";
import type {
  EngineInfo,
  EngineOptions,
  EngineProgress,
  EngineSpec,
} from "../engine.ts";

/** The calls of an engine that cross to its worker. */
export type EngineCall =
  | "loadDictionary"
  | "readDictionary"
  | "readWeights"
  | "holdRows"
  | "iterate"
  | "reports"
  | "begin"
  | "gramPart"
  | "takeGram"
  | "sums"
  | "apply"
  | "finish"
  | "replace"
  | "iterateTogether"
  | "encode"
  | "close";

/** Which engine the worker is to make. */
export type EngineRequest =
  & { spec: EngineSpec }
  & Pick<EngineOptions, "device" | "threads" | "blas">;

/** What the worker is sent. */
export type Request =
  | { id: number; create: EngineRequest }
  | { id: number; call: EngineCall; args: unknown[] };

/**
 * What the worker answers; first, where a call brings rows, the memory of these once they are taken in, and now and
 * then that it waits for other processes.
 */
export type Reply =
  | { id: number; value: unknown }
  | { id: number; error: ErrorRecord }
  | { id: number; taken: Float32Array }
  | { notice: string }
  | { waits: true }
  | { progress: EngineProgress };

/** The answer to `create`. */
export interface Created {
  info: EngineInfo;
}

/** The answer to `holdRows`: the rows come back, since sending them gave their buffer away. */
export interface Held {
  held?: number | undefined;
  data: Float32Array;
}

/** An error as it crosses threads, where classes are lost. */
export interface ErrorRecord {
  kind?: ErrorKind;
  what: string;
  where?: ErrorPlace | undefined;
  mend?: string | undefined;
  stack?: string | undefined;
}

/** Makes an error ready to be posted. */
export function recordOf(error: unknown): ErrorRecord {
  if (error instanceof DbksvdError) {
    const { kind, what, where, mend, stack } = error;
    return { kind, what, where, mend, stack };
  }
  // Within an engine, only WebGPU throws these.
  if (error instanceof DOMException) {
    const what = `The GPU failed: ${error.message} (${error.name})`;
    return {
      kind: "device",
      what,
      mend: "run again; a training goes on with --resume",
    };
  }
  return error instanceof Error
    ? { what: `${error.name}: ${error.message}`, stack: error.stack }
    : { what: String(error) };
}

/** The error that a record was made from; what was no {@linkcode DbksvdError} is one of kind `run`. */
export function errorOf(record: ErrorRecord): DbksvdError {
  const { kind, what, where, mend, stack } = record;
  const error = new DbksvdError(
    kind ?? "run",
    kind === undefined ? `The engine failed: ${what}` : what,
    { where, mend },
  );
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Rows may lie in a buffer a little longer than they are; a smaller share of one is a view of something else. */
const LEAST_SHARE = 0.8;

/** The buffers to hand over with some arrays, each once: those that hold, but for a little at the end, nothing else. */
export function transfersOf(arrays: Iterable<unknown>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const array of arrays) {
    if (!ArrayBuffer.isView(array)) continue;
    const { buffer, byteOffset, byteLength } = array;
    const alone = byteOffset === 0 &&
      byteLength >= LEAST_SHARE * buffer.byteLength;
    if (buffer instanceof ArrayBuffer && alone) buffers.add(buffer);
  }
  return [...buffers];
}
