import { CODES_OPTIONS } from "./codes_table.ts";
import type { OptionEntries, OptionEntry } from "./entry.ts";
import { oneOf, wholeNumber } from "./kinds.ts";
import { LEARNING_OPTIONS } from "./learning_table.ts";
import type { TrainOptions } from "./types.ts";

/**
 * Every option of a training, once. Validation, `--help`, DBKSVD_* variables and `--config`, the pipeline's schema
 * and the table in docs/parameters.md follow from it.
 *
 * To add an option: give it a field with a comment in `types.ts` and an entry here or in the table of its group (the
 * types ask for it), say in `validate.ts` what it may not go together with, then run `deno task write-options` and
 * `deno task write-help`. The flag is the key with dashes; a switch that is on by default becomes `--no-…`.
 */
export const TRAINING_OPTIONS: OptionEntries = {
  ...CODES_OPTIONS,
  ...LEARNING_OPTIONS,
  shards: {
    group: "Many processes",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "with --mpi: 64",
    help: "deal rows into ranges, for any number of processes",
    about:
      "deal rows into so many ranges, of each of which every batch takes its share: what several processes train on together",
    pipeline: false,
  },
  sums: {
    group: "Many processes",
    kind: wholeNumber(1),
    value: "count",
    otherwise: "100·k/atoms, at least 1",
    help: "sums an iteration over processes",
    about: "sums over the processes an iteration, each of ⌈m/sums⌉ atoms",
    pipeline: false,
  },
  sumType: {
    group: "Many processes",
    kind: oneOf("f32", "f64"),
    value: "type",
    otherwise: "f32",
    help: "in which sums travel",
    pipeline: false,
  },
  gram: {
    group: "Device",
    kind: oneOf("f32", "f16"),
    value: "precision",
    default: "f32",
    help: "the Gram matrix while atoms are chosen",
  },
  rows: {
    group: "Device",
    kind: oneOf("f32", "f16"),
    value: "precision",
    default: "f32",
    help: "rows that stay on the device",
  },
};

/** The options in order, with their names. */
export function trainingOptions(): [keyof TrainOptions, OptionEntry][] {
  return Object.entries(TRAINING_OPTIONS) as [
    keyof TrainOptions,
    OptionEntry,
  ][];
}

/** The flag of an option, as the command line and errors name it: `--sample-batch`, `--no-center`. */
export function flagOf(key: keyof TrainOptions): string {
  const words = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const off = TRAINING_OPTIONS[key].default === true;
  return off ? `--no-${words}` : `--${words}`;
}
