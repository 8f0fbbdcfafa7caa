import {
  CommanderError,
  type CommandUnknownOpts,
} from "@commander-js/extra-typings";
import { ExitWith, failureOf } from "./failure.ts";
import type { Io } from "./io.ts";
import { visible } from "./visible.ts";
import { commonOptions } from "./session.ts";
import { TOOL_VERSION } from "../version.ts";
import { requireOpenFiles } from "./open_files.ts";
import { buildProgram } from "./program.ts";

/**
 * Runs the command line.
 *
 * @param args the arguments, without the program's name
 * @param io the streams and the environment
 * @returns the exit code
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const given = withoutSeparator(args);
  const program = buildProgram(io);
  try {
    requireOpenFiles();
    if (given.length === 0) program.outputHelp();
    else if (asksVersionAsJson(given)) {
      io.out(`${JSON.stringify({ version: TOOL_VERSION })}\n`);
    } else await program.parseAsync(given, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const command = commandOf(program, given);
    if (error instanceof ExitWith) {
      const { code, word } = error;
      if (word !== undefined) io.err(line(command, word));
      return code;
    }
    return report(error, given, command, io);
  }
}

// Commander prints the bare version, whatever else is asked for.
function asksVersionAsJson(args: readonly string[]): boolean {
  return args.length === 2 && args.includes("--json") &&
    (args.includes("--version") || args.includes("-V"));
}

// `deno task dbksvd -- …` and `deno task train -- …` pass their `--` on.
function withoutSeparator(args: readonly string[]): string[] {
  const at = args.indexOf("--");
  return at === 0 || at === 1 ? args.toSpliced(at, 1) : [...args];
}

function report(
  error: unknown,
  args: readonly string[],
  command: CommandUnknownOpts,
  io: Io,
): number {
  const { code, message, document } = failureOf(error);
  if (commonOptions(command).json || args.includes("--json")) {
    io.out(`${JSON.stringify(document)}\n`);
  } else {
    const see = message.endsWith("?") ? " See" : "; see";
    const hint = error instanceof CommanderError
      ? `${see} ${fullName(command)} --help`
      : "";
    io.err(line(command, message + hint));
  }
  if (commonOptions(command).logLevel === "debug" && error instanceof Error) {
    io.err(`${error.stack}\n`);
  }
  return code;
}

function commandOf(
  program: CommandUnknownOpts,
  args: readonly string[],
): CommandUnknownOpts {
  const inner = program.commands.find((command) => command.name() === args[0]);
  return inner === undefined ? program : commandOf(inner, args.slice(1));
}

function line(command: CommandUnknownOpts, text: string): string {
  // One line, whatever the names of files hold.
  const shown = visible(text).replaceAll("\n", "\\n");
  return `${fullName(command)}: ${shown}\n`;
}

function fullName(command: CommandUnknownOpts): string {
  return command.parent === null
    ? command.name()
    : `${fullName(command.parent)} ${command.name()}`;
}
