import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import { mostNonzeros } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { readingInWords } from "../use/activations.ts";
import { fingerprint, otherFilesNotice } from "../use/codes_metadata.ts";
import type { StoredCodes } from "../use/code_records.ts";
import { openCodes } from "../use/codes_reader.ts";
import type { TextPlaces } from "./contexts.ts";
import type { InspectOptions } from "./options.ts";

/** Codes of consecutive rows with their numbers. */
export interface NumberedCodes {
  codes: Codes;
  numbers: Float64Array;
}

/**
 * Codes that `encode` wrote, as if the rows were coded again.
 *
 * @param model the dictionary
 * @param source the rows that were coded
 * @param file the codes
 * @param options progress, an `AbortSignal`
 * @throws {DbksvdError} `data` where the codes are another dictionary's, or of rows that the inputs do not have
 */
export async function* storedCodes(
  model: DictionaryModel,
  source: RowSource,
  file: string,
  { signal, onProgress, onNotice }: InspectOptions,
): AsyncGenerator<NumberedCodes> {
  const reader = await openCodes(file, model);
  try {
    await requireOwn(reader.description?.dictionary, model, file);
    const notice = otherFilesNotice(reader.description, source.files);
    if (notice !== undefined) onNotice?.(notice);
    const numbersOf = source.readItems === undefined
      ? rowNumbers(source, file)
      : tokenNumbers(source, file);
    let rows = 0;
    for await (const stored of reader.batches(signal)) {
      const numbers = await numbersOf(stored);
      yield { codes: asCoded(stored, mostNonzeros(model.coder)), numbers };
      rows += stored.codes.rows;
      onProgress?.({ rows, total: reader.rows });
    }
  } finally {
    reader.close();
  }
}

/** What of the atoms was read, and how, in words. */
export interface StoredReading {
  by: AtomReading;
  coder: string;
}

/**
 * What a file of codes holds: that is what it can be looked at by.
 *
 * @param model the dictionary
 * @param file the codes
 * @param asked what the file should hold, where that is asked for
 * @throws {DbksvdError} `usage` where it holds the other
 */
export async function readingOfStored(
  model: DictionaryModel,
  file: string,
  asked?: AtomReading,
): Promise<StoredReading> {
  const reader = await openCodes(file, model);
  reader.close();
  const { by = "code", activations } = reader.description ?? {};
  if (asked === undefined || asked === by) {
    return { by, coder: readingInWords(model, by, activations) };
  }
  throw new DbksvdError("usage", `The file holds ${by}s, not ${asked}s`, {
    where: { file },
    mend: asked === "activation"
      ? "give what encode --activations wrote, or leave --by out"
      : "give what encode wrote without --activations, or leave --by out",
  });
}

async function requireOwn(
  dictionary: string | undefined,
  model: DictionaryModel,
  file: string,
): Promise<void> {
  if (dictionary === undefined || dictionary === await fingerprint(model)) {
    return;
  }
  throw new DbksvdError("data", "The codes are another dictionary's", {
    where: { file },
    mend: "give codes that this model's encode wrote, or leave --codes out",
  });
}

// Slots as the model has them; a file of another tool's may not know residuals.
function asCoded(
  { codes, residual }: StoredCodes,
  sparsity: number,
): NumberedCodes["codes"] {
  const { rows } = codes;
  const slots = Math.max(sparsity, codes.sparsity);
  const indices = new Uint32Array(rows * slots).fill(EMPTY_SLOT);
  const values = new Float32Array(rows * slots);
  for (let row = 0; row < rows; row++) {
    const from = row * codes.sparsity;
    const end = from + codes.sparsity;
    indices.set(codes.indices.subarray(from, end), row * slots);
    values.set(codes.values.subarray(from, end), row * slots);
  }
  return {
    rows,
    sparsity: slots,
    indices,
    values,
    residual: residual ?? new Float32Array(rows).fill(NaN),
  };
}

type NumbersOf = (
  stored: StoredCodes,
) => Promise<Float64Array<ArrayBuffer>> | Float64Array<ArrayBuffer>;

function rowNumbers(source: RowSource, file: string): NumbersOf {
  return ({ rowNumbers }) => {
    const numbers = Float64Array.from(rowNumbers, Number);
    const beyond = numbers.find((row) => row < 0 || row >= source.rowCount);
    if (beyond !== undefined) throw unknownRow(`${beyond}`, file);
    return numbers;
  };
}

/** Rows of nested inputs that are looked at together when their numbers are searched for. */
const ROWS_AT_ONCE = 65_536;

// Tokens are stored by text and place; both rise, as the tokens' own numbers do.
function tokenNumbers(source: RowSource, file: string): NumbersOf {
  let start = 0;
  let known: TextPlaces = {
    rows: new Float64Array(0),
    items: new Int32Array(0),
  };
  let next = 0;
  const seek = async (row: number, item: number): Promise<number> => {
    while (true) {
      for (; next - start < known.rows.length; next++) {
        const at = next - start;
        if (known.rows[at] === row && known.items[at] === item) return next++;
      }
      if (next >= source.rowCount) {
        throw unknownRow(`${row}, item ${item}`, file);
      }
      start = next;
      const end = Math.min(source.rowCount, start + ROWS_AT_ONCE);
      known = await source.readItems!({ start, end });
    }
  };
  return async ({ rowNumbers, items }) => {
    const numbers = new Float64Array(rowNumbers.length);
    for (let i = 0; i < numbers.length; i++) {
      numbers[i] = await seek(Number(rowNumbers[i]), items?.[i] ?? 0);
    }
    return numbers;
  };
}

function unknownRow(row: string, file: string): DbksvdError {
  return new DbksvdError("data", `The inputs have no row ${row}`, {
    where: { file },
    mend: "give the inputs that were encoded, read the same way",
  });
}
