import { DbksvdError } from "../errors.ts";
import type { RowRange } from "./block_store.ts";
import type { Fault } from "../parquet/read/fault.ts";
import { RowBits } from "./row_set.ts";
import type { PlacedPart } from "./placed.ts";

/** What is done to rows on their way in. */
export interface PreparationOptions {
  /** Drop rows with nulls, NaN, infinities or another length, and count them; else they are refused. */
  skipInvalid?: boolean | undefined;
  /** Divide every row by its length; rows of zeros stay. */
  unitNorm?: boolean | undefined;
  /** Drop rows longer than this. */
  maxNorm?: number | undefined;
}

/** Decides which rows of a part take part, before they are read. */
export interface RowFilter {
  /** Under which name dropped rows are counted. */
  readonly reason: string;
  /** Whether a row of a part is to be kept; asked after `prepare`. */
  keeps(at: PlacedPart): Promise<(row: number) => boolean>;
}

/** Drops and scales rows, and counts what was dropped: each row once, however often it is read. */
export class Preparation {
  readonly dropped: Record<string, number> = {};
  #counted: RowBits | undefined;
  readonly #asked = new Set<(row: number) => boolean>();

  constructor(
    readonly options: PreparationOptions,
    readonly filters: readonly RowFilter[],
    readonly rowCount: number,
  ) {}

  /** Whether any row can be dropped. */
  get mayDrop(): boolean {
    return this.options.skipInvalid === true ||
      this.options.maxNorm !== undefined || this.filters.length > 0;
  }

  /** Until it is disposed of, rows count as dropped only where some delivery asks for them. */
  asking(takes: (row: number) => boolean): Disposable {
    const one = (row: number) => takes(row);
    this.#asked.add(one);
    return { [Symbol.dispose]: () => void this.#asked.delete(one) };
  }

  /** Prepares rows of a part in place; returns those dropped, counted from the part's beginning, in order. */
  async apply(
    at: PlacedPart,
    piece: RowRange,
    data: Float32Array,
    faults: readonly Fault[],
  ): Promise<number[]> {
    const lost = new Map<number, string>();
    for (const filter of this.filters) {
      const keeps = await filter.keeps(at);
      for (let row = piece.start; row < piece.end; row++) {
        if (!lost.has(row) && !keeps(row)) lost.set(row, filter.reason);
      }
    }
    for (const fault of faults) {
      if (lost.has(fault.row)) continue;
      if (!this.options.skipInvalid) throw refusal(at, fault);
      lost.set(fault.row, "invalid");
    }
    if (this.options.maxNorm !== undefined || this.options.unitNorm) {
      this.#measure(piece, data, lost);
    }
    const rows = [...lost.keys()].sort((a, b) => a - b);
    for (const row of rows) this.#count(at.firstRow + row, lost.get(row)!);
    return rows;
  }

  #measure(piece: RowRange, data: Float32Array, lost: Map<number, string>) {
    const { maxNorm = Infinity, unitNorm } = this.options;
    const width = data.length / (piece.end - piece.start);
    for (let row = piece.start; row < piece.end; row++) {
      if (lost.has(row)) continue;
      const at = (row - piece.start) * width;
      const norm = rowNorm(data, at, width);
      if (norm > maxNorm) lost.set(row, "norm");
      else if (unitNorm && norm > 0) {
        for (let i = at; i < at + width; i++) data[i] /= norm;
      }
    }
  }

  #count(row: number, reason: string) {
    const asked = this.#asked;
    if (asked.size > 0 && !asked.values().some((takes) => takes(row))) return;
    this.#counted ??= new RowBits(this.rowCount);
    if (!this.#counted.add(row)) return;
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
  }
}

/** ‖y‖ of the row that begins at `at`, summed in float64. */
export function rowNorm(
  data: Float32Array,
  at: number,
  width: number,
): number {
  let sum = 0;
  for (let i = at; i < at + width; i++) sum += data[i] * data[i];
  return Math.sqrt(sum);
}

function refusal({ fileRow, place, part }: PlacedPart, fault: Fault) {
  return new DbksvdError("data", fault.why, {
    where: { ...place, rowGroup: part.rowGroup, row: fileRow + fault.row },
    mend: "mend the data, or drop such rows with --skip-invalid",
  });
}
