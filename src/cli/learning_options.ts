import {
  type Command,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { OPTION_GROUPS, type OptionEntry } from "../options/entry.ts";
import { flagOf, TRAINING_OPTIONS, trainingOptions } from "../options/table.ts";
import type { TrainOptions } from "../options/train_options.ts";
import {
  type Purpose,
  PURPOSE_OPTIONS,
  PURPOSES,
} from "../options/purposes.ts";
import { type DeviceOption, deviceOptions } from "./device_option.ts";

/** Options of a training beside the numbers of atoms and of nonzeros. */
export type LearningOptions = Omit<TrainOptions, "atoms" | "sparsity">;

/** What a training is for. */
export type PurposeOption = { for?: Purpose };

/** Options of the finished dictionary begin with what it is for, those of the device with the device. */
const FIRST: Partial<Record<OptionEntry["group"], () => Option[]>> = {
  "Codes of the finished dictionary": () => [
    new Option(
      "--for <purpose>",
      "settings for: rebuild (the lowest error), or probing (latents that tell concepts)",
    ).choices(PURPOSES),
  ],
  "Device": deviceOptions,
};

/** Adds the two options that every dictionary has: how many atoms, and how many nonzeros a row. */
export function addSizeOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & Pick<TrainOptions, "atoms" | "sparsity">> {
  command.addOption(trainingOption("atoms"));
  command.addOption(trainingOption("sparsity"));
  return command as unknown as Command<
    Arguments,
    Options & Pick<TrainOptions, "atoms" | "sparsity">
  >;
}

/** Adds the options that say how a dictionary is learned, and on which device. */
export function addLearningOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<
  Arguments,
  Options & LearningOptions & DeviceOption & PurposeOption
> {
  for (const group of OPTION_GROUPS) {
    if (group === "Dictionary") continue;
    const first = FIRST[group]?.() ?? [];
    const options = trainingOptions()
      .filter(([, entry]) => entry.group === group)
      .map(([key]) => trainingOption(key));
    for (const one of [...first, ...options]) {
      command.addOption(one.helpGroup(`${group}:`));
    }
  }
  return command as unknown as Command<
    Arguments,
    Options & LearningOptions & DeviceOption & PurposeOption
  >;
}

/** The learning parameters among all that the command line gave; those of `--for` where nothing else was said. */
export function learningOptions(
  given: LearningOptions & PurposeOption,
): LearningOptions {
  const named = Object.entries(given).filter(([name]) =>
    name in TRAINING_OPTIONS && name !== "atoms" && name !== "sparsity"
  );
  return {
    ...PURPOSE_OPTIONS[given.for ?? "rebuild"],
    ...Object.fromEntries(named) as unknown as LearningOptions,
  };
}

/** What `--for` stands for, as options; undefined where it is not given. */
export function purposeInWords(
  given: PurposeOption,
): string | undefined {
  if (given.for === undefined) return undefined;
  const options = Object.entries(PURPOSE_OPTIONS[given.for]);
  if (options.length === 0) return `--for ${given.for}: the defaults`;
  const words = options.map(([name, value]) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return value === true ? `--${flag}` : `--${flag} ${value}`;
  });
  return `--for ${given.for} stands for ${words.join(" ")}`;
}

/** An option of the table as the command line takes it. */
function trainingOption(key: keyof TrainOptions): Option {
  const entry: OptionEntry = TRAINING_OPTIONS[key];
  const { kind, value, help, otherwise } = entry;
  const flags = value === undefined ? flagOf(key) : `${flagOf(key)} <${value}>`;
  const option = new Option(
    flags,
    otherwise === undefined ? help : `${help} (default: ${otherwise})`,
  );
  const { read, words, needs } = kind;
  if (words !== undefined) option.choices(words);
  else if (read !== undefined) {
    option.argParser((word) => {
      const found = read(word);
      if (found !== undefined) return found;
      throw new InvalidArgumentError(`It takes ${needs}.`);
    });
  }
  // A switch that nobody turned is left out of what was given.
  return entry.default === undefined || entry.default === false
    ? option
    : option.default(entry.default);
}
