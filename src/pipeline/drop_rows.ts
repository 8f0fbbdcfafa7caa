import type { RowSource } from "../rows/source.ts";
import type { RunContext } from "./context.ts";
import { heldOutRowsOf } from "./held_out.ts";
import type { NewInput } from "./manifest.ts";
import { type PendingFile, pendingRows } from "./pending.ts";
import { rowsFile } from "./places.ts";
import { ReservoirDraw } from "./reservoir.ts";
import { isOtherNow } from "./settle.ts";
import { StoredRowsWriter } from "./stored_rows.ts";

/** A new file whose every row could be read. */
export interface TakenFile {
  input: NewInput;
  /** Rows in the file, those that filters leave out included. */
  fileRows: number;
  /** Rows of use, held-out ones included. */
  rows: number;
  heldOut: number;
  /** Its place among the drop's held-out rows. */
  heldOutFrom: number;
  /** Its rows to train on in the drop's file of all rows, where they were put by. */
  kept?: { from: number; numbers: Float64Array } | undefined;
}

/** What an admission goes by, of the pipeline as it stands. */
export interface Known {
  /** The width of the pipeline's rows, where it has one. */
  width?: number | undefined;
  /** The largest key of a full reservoir. */
  threshold: number;
  /** Files whose rows wait. */
  pending: readonly PendingFile[];
  /** With fewer rows in all than this they would wait: all are put by. */
  fewRows: number;
}

/** Sorts a drop's rows into held-out ones, ones for the reservoir, and ones that are put by to be trained on. */
export class DropRows {
  /** Whether all rows are put by: they may turn out too few to be judged. */
  #few: boolean;
  readonly #fewRows: number;

  private constructor(
    readonly width: number,
    readonly draw: ReservoirDraw,
    readonly heldOut: StoredRowsWriter,
    readonly kept: StoredRowsWriter,
    readonly context: RunContext,
    known: Known,
  ) {
    this.#fewRows = known.fewRows - pendingRows(known.pending);
    this.#few = this.#fewRows > 0;
  }

  /**
   * Begins the files of a drop.
   *
   * @param given the rows' width, and where the draw's rows and those put by go
   * @param known the pipeline as it stands
   * @param context the run
   */
  static async create(
    given: { width: number; spool: string; kept: string },
    known: Known,
    context: RunContext,
  ): Promise<DropRows> {
    const { width } = given;
    const { settings, places, run } = context;
    const heldOut = rowsFile(places.heldOut, run);
    const draw = new ReservoirDraw(
      await StoredRowsWriter.create(given.spool, width),
      settings.reservoir.rows,
      known.threshold,
      settings.train.seed,
    );
    return new DropRows(
      width,
      draw,
      await StoredRowsWriter.create(heldOut, width),
      await StoredRowsWriter.create(given.kept, width),
      context,
      known,
    );
  }

  /** Reads a file's rows; if that fails, none of them stays. */
  async take(
    input: NewInput,
    source: RowSource,
    signal?: AbortSignal,
  ): Promise<TakenFile> {
    const { width, heldOut, kept, draw } = this;
    const heldOutFrom = heldOut.rows;
    const from = kept.rows;
    const aside = heldOutRowsOf(input, source.rowCount, this.context.settings);
    // What is on the web is not asked for again: another time it may not be had.
    const isRemote = typeof input.location !== "string";
    const numbers: number[] = [];
    let rows = 0;
    draw.begin(input.path);
    try {
      for await (const batch of source.batches(4096, { signal })) {
        for (let i = 0; i < batch.rows; i++) {
          const number = batch.rowNumbers?.[i] ?? batch.firstRow + i;
          const row = batch.data.subarray(i * width, (i + 1) * width);
          if (aside.has(number)) {
            await heldOut.append(row);
            continue;
          }
          await draw.offer(number, row);
          if (!isRemote && !this.#few) continue;
          await kept.append(row);
          if (this.#few) numbers.push(number);
        }
        rows += batch.rows;
        this.#few &&= kept.rows < this.#fewRows;
      }
      if (await isOtherNow(input)) throw new Error("The file changed");
    } catch (error) {
      await heldOut.truncate(heldOutFrom);
      await kept.truncate(from);
      await draw.reject();
      throw error;
    }
    draw.accept();
    const isKept = isRemote || this.#few;
    if (!isKept) await kept.truncate(from);
    return {
      input,
      fileRows: source.rowCount,
      rows,
      heldOut: heldOut.rows - heldOutFrom,
      heldOutFrom,
      kept: isKept ? { from, numbers: Float64Array.from(numbers) } : undefined,
    };
  }

  /** Flushes all files. */
  async close(): Promise<void> {
    for (const file of [this.heldOut, this.kept, this.draw.spool]) {
      await file.close();
    }
  }

  /** Closes what is still open. */
  [Symbol.dispose](): void {
    for (const file of [this.heldOut, this.kept, this.draw.spool]) {
      file[Symbol.dispose]();
    }
  }
}
