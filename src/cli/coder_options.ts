import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import type { CoderChanges } from "../use/coder_changes.ts";
import { numberFrom, wholeNumber } from "./options.ts";

/** Adds the options that change how a finished dictionary codes rows; each is as trained where it is left out. */
export function addCoderOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & CoderChanges> {
  const options = [
    new Option("--refine <passes>", "swap passes after omp")
      .argParser(wholeNumber(0)),
    new Option("--coding <how>", "nested groups: one after another, or all")
      .choices(["groups", "joint"]),
    new Option("--selection-ridge <lambda>", "ridge of the choice of atoms")
      .argParser(numberFrom(0)),
    new Option("--group-weight <factor>", "of earlier groups in the choice")
      .argParser(numberFrom(1)),
    new Option("--candidates <which>", "by the sign of their correlation")
      .choices(["signed", "positive"]),
  ];
  for (const one of options) {
    command.addOption(one.helpGroup("Codes, in place of the model's own:"));
  }
  return command as unknown as Command<Arguments, Options & CoderChanges>;
}

/** The changes among all that the command line gave. */
export function coderChanges(flags: CoderChanges): CoderChanges {
  const { refine, coding, selectionRidge, groupWeight, candidates } = flags;
  return { refine, coding, selectionRidge, groupWeight, candidates };
}
