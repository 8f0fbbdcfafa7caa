import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { DEFAULT_TRAIN_OPTIONS, type TrainOptions } from "../learn/options.ts";
import { type DeviceOption, deviceOption } from "./device_option.ts";
import { numberFrom, wholeNumber, wholeNumbers } from "./options.ts";

/** What training is told beside the numbers of atoms and of nonzeros. */
export type LearningOptions = Omit<TrainOptions, "atoms" | "sparsity">;

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
    option("--matryoshka <sizes>", "nested groups: auto, or as 256,256,512")
      .argParser((text) => text === "auto" ? text : wholeNumbers(text)),
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
): Command<Arguments, Options & LearningOptions & DeviceOption> {
  for (const [heading, options] of Object.entries(GROUPS)) {
    for (const one of options()) command.addOption(one.helpGroup(heading));
  }
  return command as unknown as Command<
    Arguments,
    Options & LearningOptions & DeviceOption
  >;
}

/** The learning parameters among all that the command line was told. */
export function learningOptions(given: LearningOptions): LearningOptions {
  const names = Object.values(GROUPS).flatMap((options) => options())
    .map((one) => one.attributeName()).filter((name) => name !== "device");
  const named = Object.entries(given).filter(([name]) => names.includes(name));
  return Object.fromEntries(named) as unknown as LearningOptions;
}

function option(flags: string, description: string): Option {
  return new Option(flags, description);
}
