import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { withSample } from "./sample.ts";
import type { RowSource } from "../rows/source.ts";
import { wholeNumber } from "./options.ts";

/** Options of every command that reads rows. */
export type RowOptions = {
  column?: string;
  maxRows?: number;
  skipInvalid?: true;
  blobType?: "f32" | "f16" | "bf16";
};

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
      option("--max-rows <count>", "read only the first rows")
        .argParser(wholeNumber()),
    )
    .addOption(
      option(
        "--skip-invalid",
        "drop rows with NaN, Inf or nulls, and count them",
      ),
    )
    .addOption(
      option("--blob-type <type>", "what binary columns hold")
        .choices(["f32", "f16", "bf16"]),
    ) as unknown as Command<Arguments, Options & RowOptions>;
}

/** Opens the inputs, or the sample where there are none. Without a URL among them the network is given up. */
export async function openInputs(
  inputs: readonly string[],
  { column, maxRows, skipInvalid, blobType }: RowOptions,
): Promise<RowSource> {
  if (!inputs.some((input) => /^[a-z]+:\/\//i.test(input))) {
    await Deno.permissions.revoke({ name: "net" });
  }
  const { openRows } = await import("../rows/open.ts");
  const options = { column, maxRows, skipInvalid, blobType };
  if (inputs.length > 0) return await openRows([...inputs], options);
  return await withSample((path) => openRows(path, options));
}
