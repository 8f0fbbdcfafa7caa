import { join } from "node:path";
import { asOptions, DbksvdError, messageIn } from "../errors.ts";
import { Unreachable } from "../net/unreachable.ts";
import { NoRowsError } from "../rows/gather.ts";
import type { FoundFile } from "../rows/inputs.ts";
import { otherKindNotice } from "../rows/element_kinds.ts";
import { openRowFiles } from "../rows/open.ts";
import type { RowSource } from "../rows/source.ts";
import type { RunContext } from "./context.ts";
import { DropRows, type Known, type TakenFile } from "./drop_rows.ts";
import {
  type FoundInput,
  missingBecause,
  type MissingInput,
} from "./inputs.ts";
import type { FileOutcome, NewInput } from "./manifest.ts";
import { offerPending, type PendingFile, pendingRows } from "./pending.ts";
import type { ReservoirDraw } from "./reservoir.ts";
import { isOtherNow } from "./settle.ts";

/** A run's new rows: read once from end to end, so that no bad file reaches a training. */
export interface Admission {
  taken: TakenFile[];
  refused: FileOutcome[];
  /** What could not be read to its end this time. */
  missing: MissingInput[];
  /** Files that changed while they were read: left alone. */
  unsettled: string[];
  /** Manifest lines whose content the new files take the place of: none of their rows counts any more. */
  superseded: ReadonlySet<number>;
  /** Rows of earlier drops that wait to be trained on. */
  earlier: readonly PendingFile[];
  width: number;
  /** The column that the rows come from, where their files have named ones. */
  column?: string | undefined;
  /** What a stored number is, where the files tell. */
  element?: string | undefined;
  /** Rows to train on, of this run's files. */
  newRows: number;
  heldOutRows: number;
  draw: ReservoirDraw;
  /** Where the draw's rows are put by. */
  spool: string;
  /** Where rows to train on are put by: of files on the web, and of all files while they are few. */
  kept: string;
}

/**
 * Reads every new file whole, sets its held-out rows aside and offers the others to the reservoir. A file that cannot
 * be read is refused with the reason, one that cannot be had now is left for the next run; neither leaves a row
 * behind.
 *
 * @param fresh the new files
 * @param known the pipeline as it stands
 */
export async function admitFiles(
  fresh: readonly NewInput[],
  known: Known,
  context: RunContext,
): Promise<Admission> {
  const { places, watch, signal } = context;
  const spool = join(places.work, "spool.f32");
  const kept = join(places.work, "rows.f32");
  const taken: TakenFile[] = [];
  const refused: FileOutcome[] = [];
  const missing: MissingInput[] = [];
  const unsettled: string[] = [];
  let rowsOf: DropRows | undefined;
  let { column, element } = context;
  const makeRows = async (width: number) =>
    rowsOf ??= await DropRows.create({ width, spool, kept }, known, context);
  try {
    for (const input of fresh) {
      const { path } = input;
      try {
        const like = { ...context, column };
        using source = closing(await openInputs([input], like));
        const width = known.width ?? rowsOf?.width ?? source.rows.width;
        requireWidth(source.rows, width, path);
        const notice = otherKindNotice(path, source.rows.element, element);
        if (notice !== undefined) {
          watch.tell("warn", "file.otherNumbers", { path, notice });
        }
        const rows = await makeRows(width);
        taken.push(await rows.take(input, source.rows, signal));
        column ??= source.rows.column;
        element ??= source.rows.element;
      } catch (error) {
        signal?.throwIfAborted();
        if (await isOtherNow(input)) {
          unsettled.push(path);
          watch.tell("warn", "file.unsettled", { path });
        } else if (error instanceof NoRowsError) {
          taken.push(withoutRows(input, rowsOf?.heldOut.rows ?? 0));
        } else if (error instanceof Unreachable) {
          missing.push({ path, ...missingBecause(error) });
        } else if (error instanceof DbksvdError && error.kind === "data") {
          const reason = inPipelineWords(error);
          refused.push({ input, state: "refused", reason });
          watch.tell("error", "file.refused", { path, reason });
        } else throw error;
      }
    }
    const rows = await makeRows(known.width ?? 1);
    const superseded = new Set(
      taken.flatMap(({ input }) => input.replaces ?? []),
    );
    const earlier = known.pending.filter(({ file }) => !superseded.has(file));
    await offerPending(earlier, places, rows.width, rows.draw);
    await rows.close();
    const heldOutRows = taken.reduce((sum, file) => sum + file.heldOut, 0);
    const all = taken.reduce((sum, file) => sum + file.rows, 0);
    return {
      taken,
      refused,
      missing,
      unsettled,
      superseded,
      earlier,
      width: rows.width,
      column,
      element,
      newRows: all - heldOutRows,
      heldOutRows,
      draw: rows.draw,
      spool,
      kept,
    };
  } finally {
    rowsOf?.[Symbol.dispose]();
  }
}

function withoutRows(input: NewInput, heldOutFrom: number): TakenFile {
  return { input, fileRows: 0, rows: 0, heldOut: 0, heldOutFrom };
}

// A pipeline has no command line: what is an option there stands under "train" in its configuration.
function inPipelineWords(error: DbksvdError): string {
  return messageIn(error, (flag) => `${asOptions(flag)} under "train"`);
}

/** Rows that a candidate can be trained on: new ones, and ones that waited. */
export function trainableRows({ newRows, earlier }: Admission): number {
  return newRows + pendingRows(earlier);
}

/**
 * The rows of inputs, as one source: of the pipeline's column, where it has one and the files have columns.
 *
 * @throws {DbksvdError} `data` where they cannot be read, or have other columns only
 */
export async function openInputs(
  inputs: readonly FoundInput[],
  context: Pick<
    RunContext,
    "settings" | "column" | "signal" | "retry" | "onNotice"
  >,
): Promise<RowSource> {
  const { settings, column, signal, retry, onNotice } = context;
  const files = inputs.map(({ location }): FoundFile =>
    typeof location === "string" ? { path: location } : { place: location }
  );
  const options = { ...settings.rows, signal, retry, onNotice };
  if (options.column !== undefined || column === undefined) {
    return await openRowFiles(files, options);
  }
  try {
    return await openRowFiles(files, { ...options, column });
  } catch (error) {
    // Arrays without names have no columns to choose from.
    if (!(error instanceof DbksvdError && error.kind === "usage")) throw error;
    return await openRowFiles(files, options);
  }
}

/**
 * Refuses rows that are not as wide as the pipeline's.
 *
 * @throws {DbksvdError} `data`
 */
export function requireWidth(source: RowSource, width: number, file: string) {
  if (source.width === width) return;
  throw new DbksvdError(
    "data",
    `Rows have ${source.width} dimensions, the pipeline's have ${width}`,
    { where: { file }, mend: "give such rows a pipeline of their own" },
  );
}

function closing(rows: RowSource) {
  return { rows, [Symbol.dispose]: () => void rows.close() };
}
