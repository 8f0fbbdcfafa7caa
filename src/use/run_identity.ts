import type { TrainOptions } from "../learn/options.ts";
import { sha256 } from "../model/checkpoint.ts";
import { bytesOf } from "../files/safetensors.ts";
import type { RowSource } from "../rows/source.ts";

/** Rows whose values tell inputs apart that have the same names and sizes. */
const ROWS_LOOKED_AT = 16;

/** What makes two trainings the same one. */
export interface RunIdentity {
  parameters: TrainOptions;
  inputs: { path: string; rows: number; bytes: number }[];
  /** Rows read of them. */
  read: number;
  column?: string;
  /** How the rows are read beside that. */
  reading?: Record<string, unknown>;
  /** SHA-256 of the first rows' values. */
  firstRows: string;
  /** SHA-256 of the first atoms, where the caller gave them. */
  initial?: string;
}

/** The identity of a training about to begin. */
export async function identityOf(
  source: RowSource,
  parameters: TrainOptions,
  given: Pick<RunIdentity, "column" | "reading"> & { initial?: Float32Array },
): Promise<RunIdentity> {
  return {
    parameters,
    inputs: inputsOf(source),
    read: source.rowCount,
    column: given.column,
    reading: given.reading,
    firstRows: await digestOfFirstRows(source),
    initial: given.initial && await sha256(bytesOf(given.initial)),
  };
}

/** The inputs of a source as they are recorded. */
function inputsOf(
  source: RowSource,
): { path: string; rows: number; bytes: number }[] {
  return source.files.map(({ path, rows, bytes }) => ({ path, rows, bytes }));
}

/** What differs between two identities, in words: parameters by name, then inputs. */
export function changesBetween(
  before: Partial<RunIdentity>,
  now: RunIdentity,
): string[] {
  const old: Record<string, unknown> = { ...before.parameters };
  const current: Record<string, unknown> = { ...now.parameters };
  const names = new Set([...Object.keys(old), ...Object.keys(current)]);
  const changes = [...names].sort()
    .filter((name) => !sameJson(old[name], current[name]))
    .map((name) => `${name} was ${text(old[name])}, is ${text(current[name])}`);
  if (before.column !== now.column) changes.push("column");
  if (!sameJson(before.reading, now.reading)) changes.push("how rows are read");
  if (!sameJson(before.inputs, now.inputs)) changes.push("inputs");
  else if (before.read !== now.read) {
    changes.push(`rows read were ${before.read}, are ${now.read}`);
  } else if (before.firstRows !== now.firstRows) {
    changes.push("the inputs' rows");
  }
  if (before.initial !== now.initial) changes.push("the first atoms");
  return changes;
}

/** Compares by value; a key that is undefined counts as absent, as it does in JSON. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

async function digestOfFirstRows(source: RowSource): Promise<string> {
  const first = source.batches(ROWS_LOOKED_AT, {
    range: { start: 0, end: Math.min(ROWS_LOOKED_AT, source.rowCount) },
  });
  for await (const { data } of first) return await sha256(bytesOf(data));
  return await sha256(new Uint8Array(0));
}

function text(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
