import {
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { DbksvdError } from "../../errors.ts";
import type { ScrAttribute } from "../../probing/options.ts";
import { BASELINES, type ProbeResult } from "../../metrics/probe_result.ts";
import type { Baseline } from "../../metrics/probe_baseline.ts";
import { addCoderOptions } from "../coder_options.ts";
import { addRecodeOption, asCoded, type RecodeFlags } from "../recoded.ts";
import { describe } from "../command.ts";
import {
  addDeviceOption,
  type DeviceOption,
  engineChoice,
} from "../device_option.ts";
import { addRowOptions, type RowOptions } from "../inputs.ts";
import type { Io } from "../io.ts";
import { measuredRows } from "../measured_rows.ts";
import { isModelDirectory } from "../../model/directory.ts";
import { modelsAndInputs } from "../models.ts";
import { choices, numberFrom, wholeNumber, wholeNumbers } from "../options.ts";
import { probeText } from "../probe_text.ts";
import { conduct, followed, type Session } from "../session.ts";
import type { SuggestedNames } from "../../probing/suggest_labels.ts";
import type { NamedDictionary } from "../../use/named_dictionary.ts";

type ProbeFlags = DeviceOption & RowOptions & RecodeFlags & {
  input?: string[];
  heldOut?: true;
  class?: string[];
  labels?: string;
  byGroup?: string;
  pool?: true;
  k: number[];
  classes?: string[];
  minRows: number;
  testShare: number;
  baselines: readonly Baseline[];
  seed: number;
  tpp?: true;
  scr?: [ScrAttribute, ScrAttribute];
  absorption?: true;
  suggest?: true;
  writeLabels?: true;
};

/** `probe MODEL… [INPUT…] --class COLUMN…`: what latents tell of classes. */
export function probeCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "probe",
    "ask what the atoms know of classes; without inputs, on what the training held out",
    [
      "dbksvd probe dbksvd-model --class part_of_speech",
      "dbksvd probe model-a model-b fresh.parquet --class topic language --k 1,5",
      "dbksvd probe tokens-model --class topic --by-group text --pool",
      "dbksvd probe dbksvd-model --class topic --suggest --write-labels",
    ],
  )
    .argument("<model...>", "model directories, then inputs")
    .option("--class <column...>", "columns whose values are classes")
    .option(
      "--labels <file>",
      "a .parquet, .csv, .tsv or .txt file with the classes, row by row",
    )
    .option("--by-group <column>", "rows of a group stay on one side")
    .option("--pool", "probe the mean of each group, not its rows")
    .option("--k <counts>", "latents that probes go by", wholeNumbers, [
      ...[1, 2, 5],
    ])
    .option(
      "--classes <names>",
      "only these classes",
      (text) => text.split(","),
    )
    .option(
      "--min-rows <count>",
      "fewest rows of a class",
      wholeNumber(2),
      100,
    )
    .option(
      "--test-share <share>",
      "share of the rows that probes are tested on",
      numberFrom(0),
      0.2,
    )
    .addOption(
      new Option("--baselines <names>", "what stands beside the models")
        .argParser(choices(BASELINES)).default([...BASELINES]),
    )
    .option("--seed <number>", "of the split and the draws", wholeNumber(0), 0)
    .option("--input <path...>", "inputs, where arguments could be either")
    .option(
      "--held-out",
      "only rows that the (first) model's training held out",
    )
    .option("--tpp", "take a class's latents out: whose probes suffer?")
    .option(
      "--scr <attributes>",
      "take a spurious attribute out, as gender=f|m,job=nurse|professor",
      twoAttributes,
    )
    .option("--absorption", "whether specific latents took classes over")
    .option("--suggest", "suggest names for atoms, in labels.suggested.json")
    .option("--write-labels", "name the atoms so; names by hand stay");
  return addDeviceOption(
    addRecodeOption(addCoderOptions(addRowOptions(command))),
  )
    .action((args, flags, self) =>
      conduct(io, self, (session) => probeModels(args, flags, session))
    );
}

async function probeModels(
  args: readonly string[],
  flags: ProbeFlags,
  session: Session,
): Promise<void> {
  const classColumns = classesOf(flags);
  const { models, inputs } = await modelsAndInputs(args, flags.input);
  const names = flags.suggest || flags.writeLabels;
  if (names) await requireOneModel(models);
  const [
    { probe },
    { loadAnyModel },
    { withLabelFile },
  ] = await Promise.all([
    import("../../probing/probe.ts"),
    import("../../use/models.ts"),
    import("../../probing/label_file.ts"),
  ]);
  const own = names ? await openNamed(models[0]) : undefined;
  const loaded = await Promise.all(
    models.map(async (name) => ({
      name,
      model: own?.model ?? await loadAnyModel(name),
    })),
  );
  const { source, rows, otherwise } = await measuredRows(
    models[0],
    inputs,
    flags,
    session,
  );
  try {
    const named = await asCoded(loaded, flags, source, rows);
    const { k, byGroup, pool, classes, minRows, testShare, baselines, seed } =
      flags;
    const labelled = flags.labels === undefined
      ? source
      : await withLabelFile(source, flags.labels, classColumns);
    const result = await probe(named, labelled, {
      ...followed(session),
      ...engineChoice(flags),
      ...{ classColumns, rows, k, byGroup, pool },
      ...{ classes, minRows, testShare, baselines, seed },
      ...{ tpp: flags.tpp, scr: flags.scr, absorption: flags.absorption },
    });
    if (models.length === 1 && await isModelDirectory(models[0])) {
      const rowsName = rows === undefined ? inputs.join(", ") : "held-out rows";
      const name = rowsName + otherwise;
      await keep(own?.place ?? models[0], result, name, session);
    }
    const suggested = own &&
      await suggest(own, result, flags.writeLabels === true, session);
    session.print(
      { ...result, ...suggested },
      () => probeText(result, named, suggested),
    );
  } finally {
    await source.close();
  }
}

function classesOf(flags: ProbeFlags): string[] {
  if (flags.testShare >= 1 || flags.testShare === 0) {
    throw new DbksvdError("usage", `--test-share is ${flags.testShare}`, {
      mend: "it takes a share between 0 and 1",
    });
  }
  if (flags.class !== undefined) return flags.class;
  throw new DbksvdError("usage", "No --class is given", {
    mend: "name a column of the inputs whose values are classes",
  });
}

function twoAttributes(text: string): [ScrAttribute, ScrAttribute] {
  const attributes = text.split(",").map((part) => {
    const at = part.indexOf("="), values = part.slice(at + 1).split("|");
    return { column: part.slice(0, at), values };
  });
  const valid = attributes.length === 2 &&
    attributes.every((one) => one.column !== "" && one.values.length === 2);
  if (valid) return attributes as unknown as [ScrAttribute, ScrAttribute];
  throw new InvalidArgumentError(
    "It takes two columns with two of their values each: a=x|y,b=v|w.",
  );
}

async function requireOneModel(models: readonly string[]): Promise<void> {
  if (models.length === 1 && await isModelDirectory(models[0])) return;
  throw new DbksvdError("usage", "Names are suggested for one dictionary", {
    mend: "name one model directory of this tool with --suggest",
  });
}

// Kept for the report and the atom browser: a directory that cannot be written does not spoil the figures.
async function keep(
  directory: string,
  result: ProbeResult,
  rowsName: string,
  session: Session,
): Promise<void> {
  const { keepProbe } = await import("../../use/kept_probe.ts");
  try {
    await keepProbe(directory, result, rowsName);
  } catch (error) {
    if (!(error instanceof DbksvdError)) throw error;
    session.say("warn", `The report stays as it was: ${error.message}`);
  }
}

async function openNamed(directory: string): Promise<NamedDictionary> {
  const { NamedDictionary } = await import("../../use/named_dictionary.ts");
  return await NamedDictionary.open(directory);
}

async function suggest(
  named: NamedDictionary,
  { atoms }: Pick<ProbeResult, "atoms">,
  write: boolean,
  session: Session,
): Promise<SuggestedNames> {
  const { suggestNames } = await import("../../probing/suggest_labels.ts");
  const suggested = await suggestNames(named, atoms, write);
  if (named.notice !== undefined) session.say("warn", named.notice);
  return suggested;
}
