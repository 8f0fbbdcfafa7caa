import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { DbksvdError } from "../errors.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { CoderChanges } from "../use/coder_changes.ts";
import { numberFrom, wholeNumber } from "./options.ts";

/** Adds the options that change how a finished dictionary codes rows; each is as trained where it is left out. */
export function addCoderOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & CoderChanges> {
  for (const one of changeOptions()) {
    command.addOption(one);
  }
  return command as unknown as Command<Arguments, Options & CoderChanges>;
}

function changeOptions(): Option[] {
  return [
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
    new Option("--threshold <c>", "end rows at this correlation; 0: each at k")
      .argParser(numberFrom(0)),
    new Option("--max-sparsity <count>", "nonzeros of a row at most")
      .argParser(wholeNumber(1)),
  ].map((one) => one.helpGroup("Codes, in place of the model's own:"));
}

/**
 * What of atoms is read where options that change codes are given: these, and not the activations, which only
 * `--candidates` changes.
 *
 * @param flags the command line's
 * @param asked what was asked for by name
 * @param option how that was asked for
 * @throws {DbksvdError} `usage` for activations with options that are for codes
 */
export function readingAsked(
  flags: CoderChanges,
  asked: AtomReading | undefined,
  option: string,
): AtomReading | undefined {
  const changes = coderChanges(flags);
  const given = changeOptions().filter((one) =>
    changes[one.attributeName() as keyof CoderChanges] !== undefined
  );
  if (asked !== "activation") return given.length > 0 ? "code" : asked;
  const idle = given.find((one) => one.attributeName() !== "candidates");
  if (idle === undefined) return asked;
  throw new DbksvdError("usage", `${idle.long} is for codes`, {
    mend: `leave it out, or leave ${option} out`,
  });
}

/** The changes among all that the command line gave. */
export function coderChanges(flags: CoderChanges): CoderChanges {
  const { refine, coding, selectionRidge, groupWeight, candidates } = flags;
  const { threshold, maxSparsity } = flags;
  return {
    ...{ refine, coding, selectionRidge, groupWeight, candidates },
    ...{ threshold, maxSparsity },
  };
}
