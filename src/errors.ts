/** What went wrong, as a user sorts it: each kind has one exit code. */
export type ErrorKind = "run" | "usage" | "data" | "device";

const EXIT_CODES: Record<ErrorKind, number> = {
  run: 1,
  usage: 2,
  data: 3,
  device: 4,
};

/** Where something went wrong: the file and, inside it, the place. */
export interface ErrorPlace {
  /** The file, or its address without credentials. */
  file?: string | undefined;
  /** The column. */
  column?: string | undefined;
  /** The row group of a Parquet file. */
  rowGroup?: number | undefined;
  /** The row, counted from 0. */
  row?: number;
  /** The atom, counted from 0. */
  atom?: number;
  /** The stage of an iteration. */
  stage?: string;
  /** The sample batch. */
  batch?: number;
}

/** How an option is named that the command line has as `--flag`. */
export type OptionWords = (flag: string) => string;

/** As options of the library: `skip-invalid` is "skipInvalid". */
export const asOptions: OptionWords = (flag) => {
  const name = flag.replace(/^no-/, "")
    .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return flag.startsWith("no-") ? `"${name}": false` : `"${name}"`;
};

let words: OptionWords | undefined;

/** From now on messages name options so; until then by their flags. */
export function nameOptions(as: OptionWords): void {
  words = as;
}

// Flags of Deno's own stay as they are.
function worded(text: string, as: OptionWords | undefined): string {
  if (as === undefined) return text;
  return text.replace(
    /(?<![\w-])--(?!allow-)([a-z]+(?:-[a-z]+)*)/g,
    (_, flag: string) => as(flag),
  );
}

/** The message of an error with options named otherwise. */
export function messageIn(error: DbksvdError, as: OptionWords): string {
  const { what, mend } = given.get(error)!;
  return compose(
    worded(what, as),
    error.where,
    mend === undefined ? undefined : worded(mend, as),
  );
}

/** What errors were made of, flags and all. */
const given = new WeakMap<
  DbksvdError,
  { what: string; mend: string | undefined }
>();

/**
 * The one error this library throws on purpose. Its message is one line: what happened, where, and what to do about it.
 *
 * @example
 * ```ts
 * import { DbksvdError } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const error = new DbksvdError("data", "Column holds a NaN", {
 *   where: { file: "a.parquet", column: "embedding", row: 7 },
 *   mend: "leave such rows out",
 * });
 * assert.equal(error.exitCode, 3);
 * ```
 */
export class DbksvdError extends Error {
  /** How a user sorts it. */
  readonly kind: ErrorKind;
  /** What happened, without the place and the remedy. */
  readonly what: string;
  /** The place, where there is one. */
  readonly where?: ErrorPlace | undefined;
  /** What to do about it. */
  readonly mend?: string | undefined;

  /**
   * An error of one line.
   *
   * @param kind how a user sorts it
   * @param what what happened, capitalised, no final period
   * @param details the place, the remedy and the cause
   */
  constructor(
    kind: ErrorKind,
    what: string,
    details: {
      where?: ErrorPlace | undefined;
      mend?: string | undefined;
      cause?: unknown | undefined;
    } = {},
  ) {
    const { where, cause } = details;
    const said = worded(what, words);
    const mend = details.mend === undefined
      ? undefined
      : worded(details.mend, words);
    super(compose(said, where, mend), { cause });
    this.name = "DbksvdError";
    this.kind = kind;
    this.what = said;
    this.where = where;
    this.mend = mend;
    given.set(this, { what, mend: details.mend });
  }

  /** The process exit code of this kind: 1 run, 2 usage, 3 data, 4 device. */
  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }
}

/** Whether an error is a device's: a GPU that is lacking, or lacks something. */
export function isOfDevice(error: unknown): error is DbksvdError {
  return error instanceof DbksvdError && error.kind === "device";
}

function compose(
  what: string,
  where?: ErrorPlace | undefined,
  mend?: string | undefined,
): string {
  const places = where === undefined ? [] : [
    where.file,
    where.column === undefined ? undefined : `column "${where.column}"`,
    where.rowGroup === undefined ? undefined : `row group ${where.rowGroup}`,
    where.row === undefined ? undefined : `row ${where.row}`,
    where.atom === undefined ? undefined : `atom ${where.atom}`,
    where.stage === undefined ? undefined : `stage ${where.stage}`,
    where.batch === undefined ? undefined : `batch ${where.batch}`,
  ].filter((place) => place !== undefined);
  const place = places.length === 0 ? "" : ` (${places.join(", ")})`;
  return `${what}${place}${mend === undefined ? "" : `: ${mend}`}`;
}
