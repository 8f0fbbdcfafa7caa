import type { SchemaElement } from "hyparquet";
import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { mostNonzeros } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { ColumnValues, RowBatch, RowSource } from "../rows/source.ts";
import { columnsOf, keptSchemas } from "./kept_columns.ts";
import { denseCodes, rangeOf, rowNumbersOf } from "./codes.ts";
import type { OutputOrigin } from "./output_claim.ts";
import { describeCodes, filesDigest } from "./codes_metadata.ts";
import type { Compression } from "../parquet/write/codecs.ts";
import { type GroupColumn, ParquetFile } from "../parquet/write/file.ts";
import { numberSchema } from "../parquet/write/pages.ts";

/** Most rows in a row group; fewer where columns pass through: writing these takes many times their size. */
const GROUP_ROWS = 65536;
const GROUP_ROWS_KEEPING = 8192;

/** Most code values in a row group. */
const GROUP_VALUES = 2 ** 22;

/** Most atoms for which codes may be written densely. */
const DENSE_ATOMS = 4096;

/** How codes are written. */
export interface CodesFileOptions {
  /** Columns of the input to pass through, with their types. */
  keep?: readonly string[] | undefined;
  /** A list of one value an atom, zeros included, in place of indices and values. For up to 4096 atoms. */
  dense?: boolean | undefined;
  /** `zstd` by default. */
  compression?: Compression | undefined;
  /**
   * Write so many of each row's largest activations in place of its code: what atoms show, not what rebuilds the row.
   */
  activations?: number | undefined;
}

/** A Parquet file of codes in the making. */
export class CodesFile {
  readonly #source: RowSource;
  readonly #atoms: number;
  readonly #options: CodesFileOptions;
  readonly #file: ParquetFile;
  readonly #groupRows: number;
  #pending: Part[] = [];
  #pendingRows = 0;
  #writing = Promise.resolve();
  /** Rows so far. */
  rows = 0;

  private constructor(
    source: RowSource,
    coding: DictionaryModel,
    options: CodesFileOptions,
    file: ParquetFile,
  ) {
    this.#source = source;
    this.#atoms = coding.atoms;
    this.#options = options;
    this.#file = file;
    const slots = options.activations ?? mostNonzeros(coding.coder);
    const perRow = options.dense ? coding.atoms : slots;
    const rows = Math.floor(GROUP_VALUES / perRow);
    const most = options.keep?.length ? GROUP_ROWS_KEEPING : GROUP_ROWS;
    this.#groupRows = Math.max(1, Math.min(most, rows));
  }

  /** Opens the file; its columns follow from the options and the source. */
  static async create(
    path: string,
    model: DictionaryModel,
    coding: DictionaryModel,
    source: RowSource,
    options: CodesFileOptions & { origin: OutputOrigin },
  ): Promise<CodesFile> {
    if (options.dense && coding.atoms > DENSE_ATOMS) {
      throw new DbksvdError(
        "usage",
        `Codes of ${coding.atoms} atoms are not written densely`,
        { mend: `leave out --dense, or use at most ${DENSE_ATOMS} atoms` },
      );
    }
    const columns = [
      numberSchema("row", "INT64", false),
      ...source.readItems ? [numberSchema("item", "INT32", false)] : [],
      ...await keptSchemas(source, options.keep ?? []),
      ...options.dense ? [numberSchema("codes", "FLOAT", true)] : [
        numberSchema("indices", "INT32", true),
        numberSchema("values", "FLOAT", true),
      ],
      // Activations leave nothing of a row.
      ...options.activations === undefined
        ? [numberSchema("residual", "FLOAT", false)]
        : [],
    ];
    const file = await ParquetFile.create(path, {
      columns,
      compression: options.compression ?? "zstd",
      metadata: {
        dbksvd: JSON.stringify({
          ...await describeCodes(model, coding, options.activations),
          files: filesDigest(source.files),
          ...source.reading?.unitNorm === true && { unitNorm: true },
          ...options.origin,
        }),
      },
    });
    return new CodesFile(source, coding, options, file);
  }

  /** Size of the file so far. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** Adds coded rows. Row groups are written while the next rows are coded. */
  async add(coded: { batch: RowBatch; codes: Codes }): Promise<void> {
    const { keep = [] } = this.#options;
    const rowNumbers = rowNumbersOf(coded.batch);
    this.#pending.push({
      codes: coded.codes,
      ...await this.#placesOf(rowNumbers),
      kept: keep.length === 0
        ? []
        : await columnsOf(this.#source, keep, rowNumbers, true),
    });
    this.#pendingRows += coded.codes.rows;
    if (this.#pendingRows >= this.#groupRows) await this.#flush();
  }

  /** Writes what is left and gives the file its name. */
  async finish(): Promise<void> {
    if (this.#pendingRows > 0) await this.#flush();
    await this.#writing;
    await this.#file.finish();
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#writing]);
    await this.#file.abandon();
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const parts = this.#pending;
    const rows = this.#pendingRows;
    this.#pending = [];
    this.#pendingRows = 0;
    this.rows += rows;
    this.#writing = this.#file.writeGroup(rows, this.#columnsFrom(parts));
    this.#writing.catch(() => {}); // reported when awaited
  }

  #columnsFrom(parts: Part[]): GroupColumn[] {
    const kept = (this.#options.keep ?? []).map((name, i) => ({
      name,
      schema: parts[0].kept[i].schema as SchemaElement[],
      values: parts.flatMap((part) => part.kept[i].values),
    }));
    const items = parts[0].items === undefined ? [] : [{
      name: "item",
      data: Int32Array.from(parts.flatMap((part) => [...part.items!])),
    }];
    return [
      { name: "row", data: bigRows(parts) },
      ...items,
      ...kept,
      ...this.#options.dense
        ? [denseColumn(parts, this.#atoms)]
        : sparseColumns(parts),
      ...this.#options.activations === undefined
        ? [{
          name: "residual",
          data: joinFloats(parts.map(({ codes }) => codes.residual)),
        }]
        : [],
    ];
  }

  async #placesOf(rowNumbers: Float64Array): Promise<Places> {
    if (this.#source.readItems === undefined) return { rows: rowNumbers };
    const range = rangeOf(rowNumbers);
    const { rows, items } = await this.#source.readItems(range);
    return {
      rows: rowNumbers.map((row) => rows[row - range.start]),
      items: Int32Array.from(rowNumbers, (row) => items[row - range.start]),
    };
  }
}

interface Places {
  /** Stored row of each. */
  rows: Float64Array;
  /** Place within the stored row, where rows are nested. */
  items?: Int32Array;
}

interface Part extends Places {
  codes: Codes;
  kept: ColumnValues[];
}

function bigRows(parts: Part[]): BigInt64Array {
  const count = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  const all = new BigInt64Array(count);
  let at = 0;
  for (const { rows } of parts) {
    for (let i = 0; i < rows.length; i++) all[at++] = BigInt(rows[i]);
  }
  return all;
}

function sparseColumns(parts: Part[]): GroupColumn[] {
  const rows = parts.reduce((sum, { codes }) => sum + codes.rows, 0);
  const slots = parts.reduce((n, { codes }) => n + codes.indices.length, 0);
  const lengths = new Uint32Array(rows);
  const indices = new Int32Array(slots);
  const values = new Float32Array(slots);
  let row = 0;
  let at = 0;
  for (const { codes } of parts) {
    let slot = 0;
    for (let i = 0; i < codes.rows; i++) {
      const begin = at;
      for (const end = slot + codes.sparsity; slot < end; slot++) {
        if (codes.indices[slot] === EMPTY_SLOT) continue;
        indices[at] = codes.indices[slot];
        values[at++] = codes.values[slot];
      }
      lengths[row++] = at - begin;
    }
  }
  return [
    { name: "indices", data: indices.subarray(0, at), lengths },
    { name: "values", data: values.subarray(0, at), lengths },
  ];
}

function denseColumn(parts: Part[], atoms: number): GroupColumn {
  const data = joinFloats(parts.map(({ codes }) => denseCodes(codes, atoms)));
  const lengths = new Uint32Array(data.length / atoms).fill(atoms);
  return { name: "codes", data, lengths };
}

function joinFloats(arrays: Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
