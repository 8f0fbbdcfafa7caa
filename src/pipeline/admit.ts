import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { NoRowsError } from "../rows/gather.ts";
import { openRows } from "../rows/open.ts";
import type { RowSource } from "../rows/source.ts";
import type { PipelineSettings } from "./config.ts";
import { HeldOutRows } from "./held_out.ts";
import type { FileOutcome, NewInput } from "./manifest.ts";
import { type PipelinePlaces, rowsFile } from "./places.ts";
import { ReservoirDraw } from "./reservoir.ts";
import { StoredRowsWriter } from "./stored_rows.ts";
import type { Watch } from "./watch.ts";

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
}

/** A run's new rows: read once from end to end, so that no bad file reaches a training. */
export interface Admission {
  taken: TakenFile[];
  refused: FileOutcome[];
  /** Manifest lines whose content the new files take the place of: none of their rows counts any more. */
  superseded: ReadonlySet<number>;
  width: number;
  /** Rows to train on. */
  newRows: number;
  heldOutRows: number;
  draw: ReservoirDraw;
  /** Where the draw's rows are put by. */
  spool: string;
}

/**
 * Reads every new file whole, sets its held-out rows aside and offers the others to the reservoir. A file that cannot be
 * read is refused with the reason, and leaves no row behind.
 *
 * @param fresh the new files
 * @param known the width of the pipeline's rows, where it has one, and the largest key of a full reservoir
 */
export async function admitFiles(
  fresh: readonly NewInput[],
  known: { width?: number; threshold: number },
  context: {
    run: number;
    settings: PipelineSettings;
    places: PipelinePlaces;
    watch: Watch;
    signal?: AbortSignal;
  },
): Promise<Admission> {
  const { run, settings, places, watch } = context;
  const spool = join(places.work, "spool.f32");
  const taken: TakenFile[] = [];
  const refused: FileOutcome[] = [];
  let rowsOf: DropRows | undefined;
  try {
    for (const input of fresh) {
      try {
        using source = closing(await openInputs([input], settings));
        const width = known.width ?? rowsOf?.width ?? source.rows.width;
        requireWidth(source.rows, width, input);
        rowsOf ??= await DropRows.create({
          width,
          spool,
          heldOut: rowsFile(places.heldOut, run),
          settings,
          threshold: known.threshold,
        });
        taken.push(await rowsOf.take(input, source.rows, context.signal));
      } catch (error) {
        if (error instanceof NoRowsError) {
          taken.push(withoutRows(input, rowsOf?.heldOut.rows ?? 0));
          continue;
        }
        if (!(error instanceof DbksvdError && error.kind === "data")) {
          throw error;
        }
        refused.push({ input, state: "refused", reason: error.message });
        watch.tell("error", "file.refused", {
          path: input.path,
          reason: error.message,
        });
      }
    }
    rowsOf ??= await DropRows.create({
      width: known.width ?? 1,
      spool,
      heldOut: rowsFile(places.heldOut, run),
      settings,
      threshold: known.threshold,
    });
    await rowsOf.close();
  } finally {
    rowsOf?.[Symbol.dispose]();
  }
  const heldOutRows = taken.reduce((sum, file) => sum + file.heldOut, 0);
  const rows = taken.reduce((sum, file) => sum + file.rows, 0);
  return {
    taken,
    refused,
    superseded: new Set(
      taken.flatMap(({ input }) => input.replaces ?? []),
    ),
    width: rowsOf.width,
    newRows: rows - heldOutRows,
    heldOutRows,
    draw: rowsOf.draw,
    spool,
  };
}

function withoutRows(input: NewInput, heldOutFrom: number): TakenFile {
  return { input, fileRows: 0, rows: 0, heldOut: 0, heldOutFrom };
}

/** The rows of new files, as one source. */
export function openInputs(
  inputs: readonly NewInput[],
  settings: PipelineSettings,
): Promise<RowSource> {
  return openRows(inputs.map(({ location }) => location), settings.rows);
}

/** Which rows of a file are never trained on. */
export function heldOutRowsOf(
  input: NewInput,
  fileRows: number,
  { train, evaluation }: PipelineSettings,
): HeldOutRows {
  return new HeldOutRows(train.seed, input.path, fileRows, {
    share: evaluation.share,
    maxRows: evaluation.maxRowsPerDrop,
  });
}

function requireWidth(source: RowSource, width: number, input: NewInput) {
  if (source.width === width) return;
  throw new DbksvdError(
    "data",
    `Rows have ${source.width} dimensions, the pipeline's have ${width}`,
    {
      where: { file: input.path },
      mend: "give such rows a pipeline of their own",
    },
  );
}

function closing(rows: RowSource) {
  return { rows, [Symbol.dispose]: () => void rows.close() };
}

/** Sorts a drop's rows into held-out ones and ones for the reservoir. */
class DropRows {
  private constructor(
    readonly width: number,
    readonly draw: ReservoirDraw,
    readonly heldOut: StoredRowsWriter,
    readonly settings: PipelineSettings,
  ) {}

  static async create(given: {
    width: number;
    spool: string;
    heldOut: string;
    settings: PipelineSettings;
    threshold: number;
  }): Promise<DropRows> {
    const { width, settings } = given;
    const heldOut = await StoredRowsWriter.create(given.heldOut, width);
    const draw = new ReservoirDraw(
      await StoredRowsWriter.create(given.spool, width),
      settings.reservoir.rows,
      given.threshold,
      settings.train.seed,
    );
    return new DropRows(width, draw, heldOut, settings);
  }

  async take(
    input: NewInput,
    source: RowSource,
    signal?: AbortSignal,
  ): Promise<TakenFile> {
    const { width } = this;
    const heldOutFrom = this.heldOut.rows;
    const aside = heldOutRowsOf(input, source.rowCount, this.settings);
    let rows = 0;
    this.draw.begin(input.path);
    try {
      for await (const batch of source.batches(4096, { signal })) {
        for (let i = 0; i < batch.rows; i++) {
          const number = batch.rowNumbers?.[i] ?? batch.firstRow + i;
          const row = batch.data.subarray(i * width, (i + 1) * width);
          if (aside.has(number)) await this.heldOut.append(row);
          else await this.draw.offer(number, row);
        }
        rows += batch.rows;
      }
    } catch (error) {
      await this.heldOut.truncate(heldOutFrom);
      await this.draw.reject();
      throw error;
    }
    this.draw.accept();
    return {
      input,
      fileRows: source.rowCount,
      rows,
      heldOut: this.heldOut.rows - heldOutFrom,
      heldOutFrom,
    };
  }

  async close(): Promise<void> {
    await this.heldOut.close();
    await this.draw.spool.close();
  }

  [Symbol.dispose](): void {
    this.heldOut[Symbol.dispose]();
    this.draw.spool[Symbol.dispose]();
  }
}
