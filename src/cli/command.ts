import {
  Command,
  type CommandUnknownOpts,
  Option,
} from "@commander-js/extra-typings";
import { DbksvdError } from "../errors.ts";
import type { Io } from "./io.ts";
import { LOG_LEVELS } from "./session.ts";

/** What a command file exports: makes the command, its work bound to the streams it is given. */
export type CommandBuilder = (io: Io) => CommandUnknownOpts;

/** A command with a description and examples, ready for its arguments and options. */
export function describe(
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return new Command(name).description(description).addHelpText(
    "after",
    `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`,
  );
}

/** Adds the options that every command has. */
export function addCommonOptions(command: CommandUnknownOpts): void {
  const option = (flags: string, description: string) =>
    new Option(flags, description).helpGroup("Common options:");
  command
    .addOption(option("--json", "print one JSON document on standard output"))
    .addOption(option("--quiet", "say nothing but errors and the result"))
    .addOption(
      option("--log-level <level>", "what is said on standard error")
        .choices(LOG_LEVELS).default("info"),
    )
    .addOption(
      option("--config <file>", "read options from a JSON file, in camelCase"),
    )
    .addHelpOption(option("-h, --help", "show this help"));
}

/**
 * The value of an option that the command cannot do without, wherever it came from.
 *
 * @throws {DbksvdError} `usage` where it was not given
 */
export function needed<T>(value: T | undefined, option: string): T {
  if (value !== undefined) return value;
  throw new DbksvdError("usage", `${option} is missing`, {
    mend: "the command cannot do without it",
  });
}
