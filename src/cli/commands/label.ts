import {
  type Command,
  type CommandUnknownOpts,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import type { TextColumn } from "../../inspection/row_texts.ts";
import { DbksvdError } from "../../errors.ts";
import type { AtomReading } from "../../model/atom_reading.ts";
import type { RowSource } from "../../rows/source.ts";
import type { CoderChanges } from "../../use/coder_changes.ts";
import {
  addCoderOptions,
  coderChanges,
  readingAsked,
} from "../coder_options.ts";
import { describe, needed } from "../command.ts";
import {
  addDeviceOption,
  type DeviceOption,
  engineChoice,
} from "../device_option.ts";
import { addRowOptions, type RowOptions } from "../inputs.ts";
import { foundText } from "../inspecting.ts";
import type { Io } from "../io.ts";
import { carryOut, type NamingFlags } from "../naming.ts";
import { numberFrom, wholeNumber } from "../options.ts";
import { conduct, followed, type Session } from "../session.ts";
import { namesTable } from "../naming_text.ts";
import { readTokens } from "../token_logits.ts";
import { inputsOrTraining } from "../training_rows.ts";

type AskingFlags = NamingFlags & {
  explain?: string;
  explainModel?: string;
  atoms: number;
  atom?: string;
  renew?: true;
};

type LabelFlags = DeviceOption & RowOptions & CoderChanges & AskingFlags & {
  by?: AtomReading;
  text?: string;
  tokens?: string;
  codes?: string;
};

/** `label MODEL [INPUT…] --explain URL`: names for atoms by a language model. */
export function labelCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "label",
    "have a language model name atoms and score the names; without --explain, list the names",
    [
      "dbksvd label dbksvd-model",
      "dbksvd label dbksvd-model --explain http://localhost:11434/v1 --explain-model qwen3 --yes",
      "dbksvd label dbksvd-model --explain https://api.openai.com/v1 --explain-model gpt-5-mini --atoms 50",
    ],
  )
    .argument("<model>", "a model directory")
    .argument(
      "[input...]",
      "rows that show what atoms stand for (default: the training's)",
    )
    .option(
      "--text <column>",
      "the column with a text for every row (default: the one that is there)",
    )
    .addOption(
      new Option(
        "--by <reading>",
        "what a row uses atoms by: its largest activations (the default), or its code",
      ).choices(["code", "activation"] as const),
    )
    .option(
      "--tokens <file>",
      "tokenizer.json, or a list: what a column of token ids stands for",
    )
    .option(
      "--codes <file>",
      "what encode wrote of these rows, not to code them again",
    );
  return addDeviceOption(
    addCoderOptions(addRowOptions(addAskingOptions(command))),
  ).action((model, inputs, flags, self) =>
    conduct(
      io,
      self,
      (session) => labelModel(model, inputs, flags, session),
    )
  );
}

// Whom to ask for what, and how much of it.
function addAskingOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & AskingFlags> {
  const option = (flags: string, description: string) =>
    new Option(flags, description).helpGroup("Asking:");
  const counted = (flags: string, description: string, value: number) =>
    option(flags, description).argParser(wholeNumber()).default(value);
  const options = [
    option("--explain <url>", "an OpenAI-compatible server: https://host/v1"),
    option(
      "--explain-model <name>",
      "the language model, as the server has it",
    ),
    counted("--atoms <count>", "name the most used atoms", 100),
    option("--atom <list>", "name these: 17,40-"),
    option("--renew", "name again what has a name that is not by hand"),
    counted("--max-requests <count>", "requests in all, at most", 1000),
    option("--rate <count>", "requests a minute, at most")
      .argParser(numberFrom(0.1)).default(120),
    counted("--at-once <count>", "atoms named side by side", 4),
    counted("--max-tokens <count>", "tokens of an answer", 1024),
    counted("--timeout <seconds>", "what a server may be silent", 120),
    option("--yes", "send the texts; else only say what would go"),
  ];
  for (const one of options) command.addOption(one);
  return command as unknown as Command<Arguments, Options & AskingFlags>;
}

async function labelModel(
  directory: string,
  inputs: readonly string[],
  flags: LabelFlags,
  session: Session,
): Promise<void> {
  if (flags.explain === undefined) return await list(directory, session);
  const { NamedDictionary } = await import("../../use/named_dictionary.ts");
  const named = await NamedDictionary.open(directory);
  const { endpointAt } = await import("../../explaining/endpoint.ts");
  const key = session.io.env("DBKSVD_EXPLAIN_KEY");
  const endpoint = endpointAt(flags.explain, key || undefined);
  const explainer = needed(flags.explainModel, "--explain-model");
  const by = readingAsked(flags, flags.by, "--by activation");
  const { withCoder } = await import("../../use/coder_changes.ts");
  const model = withCoder(named.model, coderChanges(flags));
  // Without --yes the network is given up, as for any look at local rows.
  const { yes, explain, ...reading } = flags;
  const opening = yes ? { ...reading, explain } : reading;
  const source = await inputsOrTraining(directory, inputs, opening, session);
  try {
    const column = await textColumn(source, flags, session);
    const [{ gather }, { parseAtoms, planNames }] = await Promise.all([
      import("../../explaining/gather.ts"),
      import("../../explaining/plan.ts"),
    ]);
    const { atoms, atom, renew, codes } = flags;
    const list = atom === undefined ? undefined : parseAtoms(atom);
    const gathered = await gather(model, source, {
      ...followed(session),
      ...engineChoice(flags),
      ...{ by, codes },
    });
    const scores = source.readItems === undefined ? 1 : 2;
    const plan = planNames(model, gathered, { atoms, list, renew }, scores);
    const job = { directory, named, source, column, gathered, plan };
    await carryOut({ ...job, endpoint, explainer }, flags, session);
  } finally {
    await source.close();
  }
}

async function list(directory: string, session: Session): Promise<void> {
  const { loadModel } = await import("../../model/directory.ts");
  const { labels = {} } = (await loadModel(directory)).model;
  session.print({ model: directory, labels }, () => namesTable(labels));
}

async function textColumn(
  source: RowSource,
  flags: LabelFlags,
  session: Session,
): Promise<TextColumn> {
  const hints = { ids: flags.tokens !== undefined };
  const column = flags.text ?? await foundText(source, session, hints);
  if (column !== undefined) {
    const { tokens } = flags;
    if (tokens === undefined) return { column };
    return { column, tokens: await readTokens(tokens) };
  }
  throw new DbksvdError("usage", "Names are found from texts", {
    where: { file: source.files[0]?.path },
    mend: "name the column with a text for every row with --text",
  });
}
