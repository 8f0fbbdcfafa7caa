import { DbksvdError } from "../errors.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../options/train_options.ts";
import { TRAINING_OPTIONS } from "../options/table.ts";
import { requireKnownOptions } from "../unknown_options.ts";
import { validateAgainstWidth, validateOptions } from "../options/validate.ts";

/** What a sweep goes through: every number of atoms with every sparsity, and whatever else is to vary. */
export interface SweepOptions
  extends Partial<Omit<TrainOptions, "atoms" | "sparsity">> {
  /** Numbers of atoms (m). */
  atoms: readonly number[];
  /** Numbers of nonzeros a row (k). */
  sparsity: readonly number[];
  /** Values of any other option of a training; `undefined` among them leaves it out. */
  vary?: SweptOptions | undefined;
  /** Sets of options that go together, by name: each is tried, and what is said beside them goes before them. */
  variants?: Readonly<Record<string, Partial<TrainOptions>>> | undefined;
}

/** Several values of options of a training. */
export type SweptOptions = {
  [K in Exclude<keyof TrainOptions, "atoms" | "sparsity">]?:
    readonly (TrainOptions[K] | undefined)[];
};

/** One training of a sweep. */
export interface SweepCombination {
  parameters: TrainOptions;
  /** What it was given of the options that vary beside atoms and sparsity. */
  varied: Partial<TrainOptions>;
  /** Which of the variants it is. */
  variant?: string | undefined;
}

/** Characters of a directory's name that options may take. */
const LONGEST_NAME = 120;

/**
 * All trainings of a sweep: atoms ascending, then sparsity, then the other options as they were given.
 *
 * @param options what is swept over
 * @param width of the rows; Infinity where it is not known yet
 * @throws {DbksvdError} `usage` for a combination that cannot be trained, or compared
 */
export function combinationsOf(
  options: SweepOptions,
  width: number,
): SweepCombination[] {
  const { atoms, sparsity, vary = {}, variants, ...common } = options;
  requireKnownOptions(vary, sweptNames(), "A sweep");
  const sizes = ascending(atoms).flatMap((m) =>
    ascending(sparsity).map((k) => ({ atoms: m, sparsity: k }))
  );
  const settings = Object.entries(variants ?? { "": {} })
    .flatMap(([variant, preset]) =>
      settingsOf(vary).map((varied) => ({ variant, preset, varied }))
    );
  if (sizes.length === 0 || settings.length === 0) {
    throw new DbksvdError("usage", "There is nothing to sweep", {
      mend: "give at least one value of everything that varies",
    });
  }
  const all = sizes.flatMap((size) =>
    settings.map(({ variant, preset, varied }): SweepCombination => ({
      parameters: given({ ...preset, ...common, ...varied, ...size }),
      varied,
      ...variants !== undefined && { variant },
    }))
  );
  for (const { parameters } of all) requireTrainable(parameters, width);
  return all;
}

/** The names of what can vary beside atoms and sparsity. */
export function sweptNames(): string[] {
  return Object.keys(TRAINING_OPTIONS)
    .filter((name) => name !== "atoms" && name !== "sparsity");
}

/**
 * Names for the directories of a sweep's models, all different: `m512-k8`, `layer3-m512-k8-ridge-0.5`.
 *
 * @param combinations the trainings, in order
 * @param columns the columns that they are repeated for; one undefined for no name
 * @returns the names, column by column
 */
export function modelNames(
  combinations: readonly SweepCombination[],
  columns: readonly (string | undefined)[],
): string[] {
  const taken = new Set<string>();
  return columns.flatMap((column) =>
    combinations.map(({ parameters, varied, variant }) => {
      const { atoms, sparsity } = parameters;
      const words = [
        ...column === undefined ? [] : [column],
        `m${atoms}`,
        `k${sparsity}`,
        ...variant === undefined ? [] : ["for", variant],
        ...Object.entries(varied).flatMap(([option, value]) => [
          option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
          value === undefined ? "default" : `${value}`,
        ]),
      ];
      return distinct(words.map(plain).join("-"), taken);
    })
  );
}

// What any file system takes, and no path.
function plain(word: string): string {
  return word.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^\.+/, "_");
}

function distinct(name: string, taken: Set<string>): string {
  const short = name.slice(0, LONGEST_NAME);
  let found = short;
  for (let n = 2; taken.has(found.toLowerCase()); n++) found = `${short}-${n}`;
  taken.add(found.toLowerCase());
  return found;
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

// Every choice of a value for each option, the last option's values changing first.
function settingsOf(vary: SweptOptions): Partial<TrainOptions>[] {
  let settings: Record<string, unknown>[] = [{}];
  for (const [option, values] of Object.entries(vary)) {
    const different = new Map<string | undefined, unknown>(
      values.map((value) => [JSON.stringify(value), value]),
    );
    settings = settings.flatMap((setting) =>
      [...different.values()].map((value) => ({ ...setting, [option]: value }))
    );
  }
  return settings as Partial<TrainOptions>[];
}

// An option that is left out takes its default, as if nobody had named it.
function given(options: Record<string, unknown>): TrainOptions {
  const named = Object.entries(options).filter(([, value]) =>
    value !== undefined
  );
  return {
    ...DEFAULT_TRAIN_OPTIONS,
    ...Object.fromEntries(named),
  } as TrainOptions;
}

function requireTrainable(parameters: TrainOptions, width: number): void {
  validateOptions(parameters);
  validateAgainstWidth(parameters, width);
  if (parameters.holdout > 0) return;
  throw new DbksvdError("usage", "A sweep needs held-out rows to compare by", {
    mend: "leave --holdout at a share above 0",
  });
}
