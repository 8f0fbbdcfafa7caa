import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Argument } from "@commander-js/extra-typings";
import { describe } from "../command.ts";
import { completionScript, SHELLS } from "../completion.ts";
import type { Io } from "../io.ts";
import { conduct } from "../session.ts";

/** `completions SHELL`: a script that teaches the shell this program's words. */
export function completionsCommand(
  io: Io,
  program: CommandUnknownOpts,
): CommandUnknownOpts {
  return describe(
    "completions",
    "print completions for a shell",
    [
      "dbksvd completions bash > ~/.local/share/bash-completion/completions/dbksvd",
      'dbksvd completions zsh > "${fpath[1]}/_dbksvd"',
      "dbksvd completions fish > ~/.config/fish/completions/dbksvd.fish",
    ],
  )
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .action((shell, _options, command) =>
      conduct(io, command, ({ print }) => {
        const script = completionScript(program, shell);
        print({ shell, script }, () => script);
        return Promise.resolve();
      })
    );
}
