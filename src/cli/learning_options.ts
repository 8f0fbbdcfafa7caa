import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../options/train_options.ts";
import {
  type Purpose,
  PURPOSE_OPTIONS,
  PURPOSES,
} from "../options/purposes.ts";
import { type DeviceOption, deviceOption } from "./device_option.ts";
import { numberFrom, wholeNumber, wholeNumbers } from "./options.ts";

/** What training is told beside the numbers of atoms and of nonzeros. */
export type LearningOptions = Omit<TrainOptions, "atoms" | "sparsity">;

/** What a training is for. */
export type PurposeOption = { for?: Purpose };

const DEFAULTS = DEFAULT_TRAIN_OPTIONS;

/** The options of {@linkcode LearningOptions}, under the headings of the help. */
const GROUPS: Record<string, () => Option[]> = {
  "Codes:": () => [
    option("--coder <name>", "orthogonal or plain matching pursuit")
      .choices(["omp", "mp"]).default(DEFAULTS.coder),
    option("--nonnegative", "only positive coefficients"),
    option("--refit", "refit mp's coefficients by least squares"),
    option("--refine <passes>", "swap passes after omp (slower)")
      .argParser(wholeNumber(0)).default(DEFAULTS.refine),
    option("--tolerance <share>", "end a row's pursuit at this residual")
      .argParser(numberFrom(0)).default(DEFAULTS.tolerance),
    option(
      "--matryoshka <sizes>",
      "nested groups: auto, probing, or as 32,rest or 256,256,512",
    ).argParser(groupSizes),
    option("--group-sparsity <counts>", "nonzeros of each group, as 10,6")
      .argParser(wholeNumbers),
  ],
  "Codes of the finished dictionary:": () => [
    option(
      "--for <purpose>",
      "settings for: rebuild (the lowest error), or probing (latents that tell concepts)",
    ).choices(PURPOSES),
    option("--coding <how>", "nested groups: one after another, or all at once")
      .choices(["groups", "joint"]),
    option(
      "--selection-ridge <lambda>",
      "ridge of the choice of atoms (default: 0)",
    ).argParser(numberFrom(0)),
    option(
      "--group-weight <factor>",
      "of earlier groups in the choice (default: 1)",
    ).argParser(numberFrom(1)),
    option(
      "--candidates <which>",
      "atoms by the sign of their correlation; codes are signed",
    ).choices(["signed", "positive"]),
  ],
  "Learning:": () => [
    option("--passes <count>", "passes over the training rows")
      .argParser(wholeNumber()).default(DEFAULTS.passes),
    option("--sample-batch <rows>", "rows of an iteration (default: by data)")
      .argParser(wholeNumber()),
    option("--atom-batch <count>", "atoms updated at once (default: atoms/32)")
      .argParser(wholeNumber()),
    option("--ridge <lambda>", "ridge of the training codes")
      .argParser(numberFrom(0)).default(DEFAULTS.ridge),
    option("--memory <uses>", "uses that an atom remembers over sample batches")
      .argParser(numberFrom(0)).default(DEFAULTS.memory),
    option("--start-sparsity <count>", "nonzeros a row at first (default: k/2)")
      .argParser(wholeNumber()),
    option("--norm-cap <times>", "draw in rows so much longer than the median")
      .argParser(numberFrom(0)).default(DEFAULTS.normCap),
    option(
      "--patience <passes>",
      "stop after passes that bring nothing; 0: off",
    )
      .argParser(wholeNumber(0)).default(DEFAULTS.patience),
    option("--power-steps <count>", "power steps an atom and iteration")
      .argParser(wholeNumber()).default(DEFAULTS.powerSteps),
    option("--exact", "exact K-SVD, atom by atom: slow, for comparison"),
    option("--min-uses <count>", "replace atoms used less often in a pass")
      .argParser(wholeNumber(0)).default(DEFAULTS.minUses),
    option("--init <how>", "first atoms: rows, gaussian or a dictionary file")
      .default(DEFAULTS.init),
    option("--no-center", "do not subtract the rows' mean").default(true),
    option("--no-scale", "do not scale the rows").default(true),
    option("--stats-rows <count>", "rows for mean and scale (default: all)")
      .argParser(wholeNumber()),
    option("--holdout <share>", "rows kept from training: a share, or a number")
      .argParser(numberFrom(0)).default(DEFAULTS.holdout),
    option("--seed <number>", "seed of all that is random")
      .argParser(wholeNumber(0)).default(DEFAULTS.seed),
  ],
  "Device:": () => [
    deviceOption(),
    option("--gram <precision>", "the Gram matrix while atoms are chosen")
      .choices(["f32", "f16"]).default(DEFAULTS.gram),
    option("--rows <precision>", "rows that stay on the device")
      .choices(["f32", "f16"]).default(DEFAULTS.rows),
  ],
};

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
  for (const [heading, options] of Object.entries(GROUPS)) {
    for (const one of options()) command.addOption(one.helpGroup(heading));
  }
  return command as unknown as Command<
    Arguments,
    Options & LearningOptions & DeviceOption & PurposeOption
  >;
}

/** The learning parameters among all that the command line was told; those of `--for` where nothing else was said. */
export function learningOptions(
  given: LearningOptions & PurposeOption,
): LearningOptions {
  const names = Object.values(GROUPS).flatMap((options) => options())
    .map((one) => one.attributeName())
    .filter((name) => name !== "device" && name !== "for");
  const named = Object.entries(given).filter(([name]) => names.includes(name));
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

function groupSizes(
  text: string,
): readonly (number | "rest")[] | "auto" | "probing" {
  if (text === "auto" || text === "probing") return text;
  if (!text.endsWith(",rest")) return wholeNumbers(text);
  return [...wholeNumbers(text.slice(0, -",rest".length)), "rest"];
}

function option(flags: string, description: string): Option {
  return new Option(flags, description);
}
