import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";

/** Codes as a file holds them. */
export interface StoredCodes {
  codes: Pick<Codes, "rows" | "sparsity" | "indices" | "values">;
  /** Column `row`, or rows counted from 0 where there is none. */
  rowNumbers: BigInt64Array;
  /** Column `item`, where there is one. */
  items?: Int32Array | undefined;
  /** Column `residual`, where there is one. */
  residual?: Float32Array | undefined;
}

/** Rows of a file, each with its values by column. */
export type Records = Record<string, unknown>[];

/**
 * Codes from rows of a file.
 *
 * @param start the row of the file that the first is
 * @throws {DbksvdError} `data` where a row is damaged or uses an atom that there is not
 */
export function packRecords(
  records: Records,
  start: number,
  atoms: number,
  path: string,
): StoredCodes {
  const rows = records.map((record, i) => {
    const place = { file: path, row: start + i };
    return "codes" in record
      ? sparseOf(record.codes, atoms, place)
      : pairOf(record.indices, record.values, atoms, place);
  });
  const sparsity = rows.reduce((k, row) => Math.max(k, row.atoms.length), 1);
  const indices = new Uint32Array(rows.length * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(rows.length * sparsity);
  rows.forEach((row, i) => {
    indices.set(row.atoms, i * sparsity);
    values.set(row.values, i * sparsity);
  });
  return {
    codes: { rows: rows.length, sparsity, indices, values },
    rowNumbers: BigInt64Array.from(
      records,
      ({ row }, i) =>
        rowNumberOf(row ?? start + i, { file: path, row: start + i }),
    ),
    items: records.length > 0 && "item" in records[0]
      ? Int32Array.from(records, ({ item }) => Number(item))
      : undefined,
    residual: records.length > 0 && "residual" in records[0]
      ? Float32Array.from(records, ({ residual }) => Number(residual))
      : undefined,
  };
}

function rowNumberOf(
  row: unknown,
  where: { file: string; row: number },
): bigint {
  if (typeof row === "bigint") return row;
  if (Number.isSafeInteger(row)) return BigInt(row as number);
  throw new DbksvdError("data", "A row's number is damaged", {
    where,
    mend: "encode the rows again",
  });
}

interface RowCodes {
  atoms: number[];
  values: number[];
}

function pairOf(
  indices: unknown,
  values: unknown,
  atoms: number,
  where: { file: string; row: number },
): RowCodes {
  const valid = isNumbers(indices) && isNumbers(values) &&
    indices.length === values.length &&
    indices.every((atom) => Number.isInteger(atom) && atom >= 0) &&
    values.every(Number.isFinite);
  if (!valid) {
    throw new DbksvdError("data", "A row's codes are damaged", {
      where,
      mend: "indices and values have to be lists of one length",
    });
  }
  const beyond = indices.find((atom) => atom >= atoms);
  if (beyond !== undefined) {
    throw new DbksvdError("data", `A row uses atom ${beyond} of ${atoms}`, {
      where,
      mend: "take the model that these rows were encoded with",
    });
  }
  return { atoms: indices, values };
}

function sparseOf(
  dense: unknown,
  atoms: number,
  where: { file: string; row: number },
): RowCodes {
  if (!isNumbers(dense) || dense.length > atoms) {
    throw new DbksvdError("data", "A row's codes do not fit the model", {
      where,
      mend: `dense codes of this model have ${atoms} values`,
    });
  }
  const used = [...dense.keys()].filter((atom) => dense[atom] !== 0);
  return { atoms: used, values: used.map((atom) => dense[atom]) };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((entry) => typeof entry === "number");
}
