import type { TrainOptions } from "../options/train_options.ts";
import { sha256 } from "../model/checkpoint.ts";
import { bytesOf } from "../bytes.ts";
import { sameContent } from "../rows/fingerprint.ts";
import type { RowSource } from "../rows/source.ts";

/** Rows whose values tell inputs apart that have the same names and sizes. */
const ROWS_LOOKED_AT = 16;

/** An input as it is recorded. */
export interface RecordedInput {
  path: string;
  rows: number;
  bytes: number;
  /** What tells its content from other content: see `Fingerprint`. */
  digest?: string | undefined;
}

/** What makes two trainings the same one. */
export interface RunIdentity {
  parameters: TrainOptions;
  inputs: (RecordedInput & { stamp?: string | undefined })[];
  /** Rows read of them. */
  read: number;
  column?: string | undefined;
  /** How the rows are read beside that. */
  reading?: Record<string, unknown> | undefined;
  /** SHA-256 of the first rows' values. */
  firstRows: string;
  /** SHA-256 of the first atoms, where the caller gave them. */
  initial?: string | undefined;
}

/** The identity of a training about to begin. */
export async function identityOf(
  source: RowSource,
  parameters: TrainOptions,
  given: Pick<RunIdentity, "column" | "reading"> & {
    initial?: Float32Array | undefined;
  },
): Promise<RunIdentity> {
  return {
    parameters,
    inputs: await stampedInputs(source),
    read: source.rowCount,
    column: given.column,
    reading: given.reading,
    firstRows: await digestOfFirstRows(source),
    initial: given.initial && await sha256(bytesOf(given.initial)),
  };
}

/** The inputs of a source as a model's record has them. */
export async function recordedInputs(
  source: RowSource,
): Promise<RecordedInput[]> {
  return (await stampedInputs(source)).map(({ path, rows, bytes, digest }) => ({
    path,
    rows,
    bytes,
    digest,
  }));
}

async function stampedInputs(source: RowSource) {
  const prints = await source.fingerprints?.();
  return source.files.map(({ path, rows, bytes }, i) => ({
    path,
    rows,
    bytes,
    ...prints?.[i],
  }));
}

// Inputs as a list that differs, or the first of them with other content.
function changesOfInputs(
  before: RunIdentity["inputs"] | undefined,
  now: RunIdentity["inputs"],
): string | undefined {
  const named = (inputs: RunIdentity["inputs"] | undefined) =>
    inputs?.map(({ path, rows, bytes }) => ({ path, rows, bytes }));
  if (!sameJson(named(before), named(now))) return "inputs";
  const at = now.findIndex((input, i) => !sameContent(before![i], input));
  return at < 0 ? undefined : `the inputs' rows: ${now[at].path} has changed`;
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
  const inputs = changesOfInputs(before.inputs, now.inputs);
  if (inputs !== undefined) changes.push(inputs);
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
