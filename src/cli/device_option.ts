import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import type { EngineChoice } from "../coding/coder.ts";
import { mostThreads } from "../threads.ts";
import { wholeNumber } from "./options.ts";

/** Which engine does the work, and with what. */
export type DeviceOption = {
  device: "auto" | "gpu" | "cpu";
  threads?: number;
  blas?: string | true;
};

/** The options that choose the engine. */
export function deviceOptions(): Option[] {
  return [
    new Option("--device <kind>", "what does the work")
      .choices(["auto", "gpu", "cpu"]).default("auto"),
    new Option("--threads <count>", "of the CPU engine (default: all cores)")
      .argParser(wholeNumber(1, mostThreads())),
    new Option(
      "--blas [library]",
      "let a native BLAS make the CPU engine's products",
    ),
  ];
}

/** The engine that the options choose. */
export function engineChoice(
  { device, threads, blas }: DeviceOption,
): Pick<EngineChoice, "device" | "threads" | "blas"> {
  return { device, threads, blas: blas === true ? "" : blas };
}

/** Adds {@linkcode deviceOptions}. */
export function addDeviceOption<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & DeviceOption> {
  for (const option of deviceOptions()) command.addOption(option);
  return command as unknown as Command<Arguments, Options & DeviceOption>;
}
