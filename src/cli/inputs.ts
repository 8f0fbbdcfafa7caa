import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { exists } from "../files/atomic.ts";
import { isUrl } from "../pipeline/paths.ts";
import { openSample, SAMPLE_NAME } from "./sample.ts";
import { DbksvdError } from "../errors.ts";
import { type OpenRowsOptions, readingOf } from "../rows/options.ts";
import type { RowSource } from "../rows/source.ts";
import { STANDARD_INPUT } from "../rows/standard_input.ts";
import { mostThreads } from "../threads.ts";
import { jsonObject, quantile, wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";

/** Options of every command that reads rows. */
export type RowOptions = Omit<
  OpenRowsOptions,
  "memoryBudget" | "cacheBytes" | "backoff" | "onNotice" | "signal"
>;

/** What may be named as rows, for the help. */
export const INPUTS_IN_WORDS =
  "files, directories, globs; http(s)://, s3:// and hf:// addresses";

/** Adds the options that say which rows are read, and how. */
export function addRowOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & RowOptions> {
  const option = (flags: string, description: string) =>
    new Option(flags, description).helpGroup("Rows:");
  return command
    .addOption(option("--column <name>", "the column that holds the vectors"))
    .addOption(
      option("--blob-type <type>", "what the bytes of a binary column are")
        .choices(["f32", "f16", "bf16"]),
    )
    .addOption(
      option("--width <count>", "dimensions of a row in raw dumps")
        .argParser(wholeNumber()),
    )
    .addOption(
      option("--max-rows <count>", "read only the first rows")
        .argParser(wholeNumber()),
    )
    .addOption(
      option("--skip-invalid", "drop rows with NaN, Inf or nulls; count them"),
    )
    .addOption(
      option("--where <filter>", "keep rows by other columns, as JSON")
        .argParser(jsonObject),
    )
    .addOption(
      option("--skip-items <count>", "drop the first items of nested rows")
        .argParser(wholeNumber(0)),
    )
    .addOption(option("--unit-norm", "scale every row to length 1"))
    .addOption(
      option("--max-norm-quantile <q>", "drop rows longer than this quantile")
        .argParser(quantile),
    )
    .addOption(
      option("--cache-dir <dir>", "keep what is read from the web here"),
    )
    .addOption(
      option("--spool-dir <dir>", "keep what comes through - here meanwhile"),
    )
    .addOption(
      option("--decode-workers <count>", "workers that decode; 0: this thread")
        .argParser(wholeNumber(0, mostThreads())),
    ) as unknown as Command<Arguments, Options & RowOptions>;
}

/** Refuses standard input, where rows have to be there once more. */
export function requireLasting(inputs: readonly string[], why: string): void {
  if (!inputs.includes(STANDARD_INPUT)) return;
  throw new DbksvdError(
    "usage",
    `Standard input cannot be read again, ${why}`,
    {
      mend: "write the rows to a file and name that",
    },
  );
}

/** Inputs, where the sample would not do. */
export function neededInputs(inputs: readonly string[]): readonly string[] {
  if (inputs.length > 0) return inputs;
  throw new DbksvdError("usage", "No input is named", {
    mend: "give files, directories, globs or URLs of rows",
  });
}

/**
 * Opens the inputs, or the sample where there are none. Without a URL among them the network is given up, unless a page
 * is to be served or a language model asked; beside a native MPI library that would mean nothing.
 */
export async function openInputs(
  inputs: readonly string[],
  flags: RowOptions & { serve?: unknown; explain?: unknown; mpi?: true },
  session: Session,
): Promise<RowSource> {
  const remote = inputs.some(isUrl);
  const { serve, explain, mpi } = flags;
  if (!remote && serve === undefined && explain === undefined && !mpi) {
    await Deno.permissions.revoke({ name: "net" });
  }
  const { openRows } = await import("../rows/open.ts");
  const { column, maxRows, cacheDir, spoolDir, decodeWorkers } = flags;
  const options = {
    ...readingOf(flags),
    column,
    maxRows,
    cacheDir,
    spoolDir,
    decodeWorkers,
    signal: session.signal,
    onNotice: (notice: string) => session.say("info", notice),
  };
  const source = await wantsSample(inputs)
    ? await openSample((path) => openRows(path, options))
    : await openRows([...inputs], options);
  session.reads(source);
  return source;
}

// By its name too, so that a model of the sample finds it again from any directory.
async function wantsSample(inputs: readonly string[]): Promise<boolean> {
  if (inputs.length === 0) return true;
  return inputs.length === 1 && inputs[0] === SAMPLE_NAME &&
    !(await exists(SAMPLE_NAME));
}
