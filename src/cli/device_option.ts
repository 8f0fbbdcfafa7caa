import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";

/** Which engine does the work. */
export type DeviceOption = { device: "auto" | "gpu" | "cpu" };

/** The option that chooses the engine. */
export function deviceOption(): Option {
  return new Option("--device <kind>", "what does the work")
    .choices(["auto", "gpu", "cpu"]).default("auto");
}

/** Adds {@linkcode deviceOption}. */
export function addDeviceOption<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & DeviceOption> {
  return command.addOption(deviceOption()) as unknown as Command<
    Arguments,
    Options & DeviceOption
  >;
}
