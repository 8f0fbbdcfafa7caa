import {
  type Argument,
  Command,
  type CommandUnknownOpts,
} from "@commander-js/extra-typings";
import { TOOL_VERSION } from "../version.ts";
import { addCommonOptions, type CommandBuilder } from "./command.ts";
import { completionsCommand } from "./commands/completions.ts";
import { benchCommand } from "./commands/bench.ts";
import { compareCommand } from "./commands/compare.ts";
import { exportCommand } from "./commands/export.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { labelCommand } from "./commands/label.ts";
import { decodeCommand } from "./commands/decode.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { encodeCommand } from "./commands/encode.ts";
import { probeCommand } from "./commands/probe.ts";
import { pipelineCommand } from "./commands/pipeline.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { shareCommand } from "./commands/share.ts";
import { steerCommand } from "./commands/steer.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { synthesizeCommand } from "./commands/synthesize.ts";
import { trainCommand } from "./commands/train.ts";
import type { Io } from "./io.ts";
import { applyLayers } from "./layers.ts";

/** Every command, in the order of the help. */
const BUILDERS: readonly CommandBuilder[] = [
  trainCommand,
  encodeCommand,
  evaluateCommand,
  probeCommand,
  decodeCommand,
  compareCommand,
  sweepCommand,
  inspectCommand,
  labelCommand,
  exportCommand,
  steerCommand,
  shareCommand,
  synthesizeCommand,
  doctorCommand,
  benchCommand,
  pipelineCommand,
];

const AFTER_HELP = `
Options may also come from DBKSVD_* variables (DBKSVD_SAMPLE_BATCH=4096) and from
a JSON file (--config FILE, {"sampleBatch": 4096}). The command line wins over the
variables, they over the file.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad input data, 4 no usable device,
129, 130 and 143 stopped by a signal after saving.`;

/** The whole command line, bound to the streams it is given. */
export function buildProgram(io: Io): CommandUnknownOpts {
  const program: CommandUnknownOpts = new Command("dbksvd")
    .description("Learn sparse dictionaries (DB-KSVD) on the GPU, and use them")
    .version(TOOL_VERSION, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command");
  program.addHelpText("after", AFTER_HELP);
  for (const build of BUILDERS) program.addCommand(build(io));
  program.addCommand(completionsCommand(io, program));
  prepare(program, io);
  program.hook("preAction", (_program, command) => applyLayers(command, io));
  return program;
}

// Errors are thrown, output goes to the given streams, and whatever runs has the common options.
function prepare(command: CommandUnknownOpts, io: Io): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(io.columns(), 100),
      getOutHasColors: () => io.color,
      getErrHasColors: () => false,
    })
    .configureHelp({
      styleTitle: (title) => `\x1b[1m${title}\x1b[0m`,
      subcommandTerm: (inner) =>
        [inner.name(), ...inner.registeredArguments.map(argumentTerm)].join(
          " ",
        ),
    });
  // A mere group, as `pipeline`, runs nothing itself.
  const isGroup = command.commands.length > 0 && command.options.length === 0;
  if (!isGroup && command.parent !== null) addCommonOptions(command);
  for (const inner of command.commands) prepare(inner, io);
}

function argumentTerm(argument: Argument): string {
  const { required, variadic } = argument;
  const dots = variadic ? "..." : "";
  const name = argument.name();
  return required ? `<${name}${dots}>` : `[${name}${dots}]`;
}
