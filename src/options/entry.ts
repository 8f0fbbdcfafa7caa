import type { Kind } from "./kinds.ts";
import type { TrainOptions } from "./types.ts";

/** Headings of the help, in order. */
export const OPTION_GROUPS = [
  "Dictionary",
  "Codes",
  "Codes of the finished dictionary",
  "Learning",
  "Many processes",
  "Device",
] as const;

/** One option of a training. */
export interface OptionEntry<T = unknown> {
  /** Where the help and the parameters page list it. */
  group: typeof OPTION_GROUPS[number];
  /** What values it takes. */
  kind: Kind;
  /** What its value is called in the help; a switch has none. */
  value?: string;
  /** What it is where nothing is said. */
  default?: Exclude<T, undefined>;
  /** What happens where nothing is said and there is no default value, in a few words. */
  otherwise?: string;
  /** One line for the help. */
  help: string;
  /** More for the parameters page and the pipeline's schema. */
  about?: string;
  /** False where a pipeline decides by itself. */
  pipeline?: false;
}

/** An entry for every option of a training. */
export type OptionEntries = Readonly<
  { [K in keyof TrainOptions]-?: OptionEntry<TrainOptions[K]> }
>;
