import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** The shells that completions are made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One word of the command line: a command with what may follow it. */
interface Entry {
  /** The commands that lead to it: `["pipeline", "run"]`. */
  path: string[];
  description: string;
  commands: { name: string; description: string }[];
  options: { flag: string; description: string; choices: string[] }[];
  /** Words for its arguments. */
  choices: string[];
}

/** A completion script made from the command tree. */
export function completionScript(
  program: CommandUnknownOpts,
  shell: typeof SHELLS[number],
): string {
  const entries = collect(program, []);
  if (shell === "bash") return bash(entries);
  return shell === "zsh" ? zsh(entries) : fish(entries);
}

function collect(command: CommandUnknownOpts, path: string[]): Entry[] {
  const entry: Entry = {
    path,
    description: command.description(),
    commands: command.commands.map((inner) => ({
      name: inner.name(),
      description: inner.description(),
    })),
    options: command.createHelp().visibleOptions(command).map((option) => ({
      flag: option.long!,
      description: option.description,
      choices: option.argChoices ?? [],
    })),
    choices: command.registeredArguments.flatMap((argument) =>
      argument.argChoices ?? []
    ),
  };
  return [
    entry,
    ...command.commands.flatMap((inner) =>
      collect(inner, [...path, inner.name()])
    ),
  ];
}

function words(entry: Entry): string[] {
  return [
    ...entry.commands.map(({ name }) => name),
    ...entry.choices,
    ...entry.options.map(({ flag }) => flag),
  ];
}

// The longest chain of commands that was typed decides which words are offered; files otherwise.
function bash(entries: Entry[]): string {
  const cases = entries.map((entry) =>
    `    "${entry.path.join(" ")}") words="${words(entry).join(" ")}" ;;`
  );
  const values = optionValues(entries).map(([flag, choices]) =>
    `    ${flag}) COMPREPLY=($(compgen -W "${
      choices.join(" ")
    }" -- "$current")); return ;;`
  );
  const known = entries.filter(({ path }) => path.length > 0)
    .map(({ path }) => `"${path.join(" ")}"`).join("|");
  return `# bash completion for dbksvd
_dbksvd() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case "\${path:+$path }$word" in
    ${known}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$previous" in
${values.join("\n")}
  esac
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ \${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _dbksvd dbksvd`;
}

function zsh(entries: Entry[]): string {
  const functions = entries.map((entry) => {
    const options = entry.options.map(({ flag, description, choices }) => {
      const values = choices.length > 0 ? `:value:(${choices.join(" ")})` : "";
      return `'${flag}[${zshText(description)}]${values}'`;
    });
    const name = `_dbksvd${entry.path.map((part) => `_${part}`).join("")}`;
    if (entry.commands.length === 0) {
      const rest = entry.choices.length > 0
        ? `'1:value:(${entry.choices.join(" ")})'`
        : "'*:file:_files'";
      return `${name}() {\n  _arguments ${[...options, rest].join(" ")}\n}`;
    }
    const list = entry.commands.map(({ name, description }) =>
      `'${name}:${zshText(description)}'`
    );
    const branches = entry.commands.map(({ name: inner }) =>
      `    ${inner}) ${name}_${inner} ;;`
    );
    return `${name}() {
  local -a commands=(${list.join(" ")})
  _arguments -C ${
      options.join(" ")
    } '1:command:{_describe command commands}' '*::argument:->rest'
  [[ $state == rest ]] && case $words[1] in
${branches.join("\n")}
  esac
}`;
  });
  return `#compdef dbksvd\n${functions.join("\n")}\n_dbksvd "$@"`;
}

function fish(entries: Entry[]): string {
  const lines = entries.flatMap((entry) => {
    const deeper = entry.commands.map(({ name }) => name);
    const when = [
      ...entry.path.map((part) => `__fish_seen_subcommand_from ${part}`),
      ...(deeper.length > 0
        ? [`not __fish_seen_subcommand_from ${deeper.join(" ")}`]
        : []),
    ].join("; and ");
    const start = `complete -c dbksvd -n '${when}'`;
    return [
      ...entry.commands.map(({ name, description }) =>
        `${start} -f -a ${name} -d '${fishText(description)}'`
      ),
      ...entry.choices.map((choice) => `${start} -f -a ${choice}`),
      ...entry.options.map(({ flag, description, choices }) =>
        `${start} -l ${flag.slice(2)} -d '${fishText(description)}'${
          choices.length > 0 ? ` -x -a '${choices.join(" ")}'` : ""
        }`
      ),
    ];
  });
  return `# fish completion for dbksvd\n${lines.join("\n")}`;
}

function optionValues(entries: Entry[]): [string, string[]][] {
  const values = new Map<string, string[]>();
  for (const { options } of entries) {
    for (const { flag, choices } of options) {
      if (choices.length > 0) values.set(flag, choices);
    }
  }
  return [...values];
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, "\\$&");
}

function fishText(text: string): string {
  return text.replaceAll(/['\\]/g, "\\$&");
}
