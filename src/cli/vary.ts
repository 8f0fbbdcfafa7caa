import { InvalidArgumentError } from "@commander-js/extra-typings";
import { nearest } from "../nearest.ts";
import type { OptionEntry } from "../options/entry.ts";
import { flagOf, TRAINING_OPTIONS } from "../options/table.ts";
import { type Purpose, PURPOSES } from "../options/purposes.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { SweptOptions } from "../use/sweep_combinations.ts";
import { choices } from "./options.ts";

/** The word for an option that is left out. */
const LEFT_OUT = "default";

/** What varies, by option: of a training, or what it is for. */
export type Varied = SweptOptions & { for?: readonly Purpose[] };

/**
 * Reads `ridge=0,1,4`, values of one option of a training, and adds it to what came before. Values with commas of
 * their own are set apart by `|`: `matryoshka=default|auto|32,rest`. A switch takes `true` and `false`; `for` takes
 * purposes.
 */
export function varying(text: string, previous: Varied = {}): Varied {
  const at = text.indexOf("=");
  if (at < 1) {
    throw new InvalidArgumentError("It takes the form option=value,value.");
  }
  if (text.startsWith("for=")) {
    return { ...previous, for: choices(PURPOSES)(text.slice(at + 1)) };
  }
  const key = keyOf(text.slice(0, at));
  const words = wordsOf(text.slice(at + 1), TRAINING_OPTIONS[key]);
  const values = words.map((word) => valueOf(key, word));
  return { ...previous, [key]: values } as Varied;
}

// `sample-batch` and `sampleBatch` are one option; `no-center` is `center`.
function keyOf(name: string): keyof SweptOptions {
  const bare = name.replace(/^--/, "").replace(/^no-/, "");
  const key = bare.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
  if (key === "atoms" || key === "sparsity") {
    throw new InvalidArgumentError(`--${key} takes several values itself.`);
  }
  if (Object.hasOwn(TRAINING_OPTIONS, key)) return key as keyof SweptOptions;
  const near = nearest(key, Object.keys(TRAINING_OPTIONS));
  throw new InvalidArgumentError(
    near === undefined
      ? `There is no option ${name} of a training.`
      : `There is no option ${name} of a training; did you mean ${near}?`,
  );
}

// What may hold commas is set apart by | alone.
function wordsOf(text: string, { kind, value }: OptionEntry): string[] {
  const isList = value !== undefined && Array.isArray(kind.read?.("1,1"));
  return text.split(isList || text.includes("|") ? "|" : ",");
}

function valueOf(key: keyof TrainOptions, word: string): unknown {
  const { kind, value } = TRAINING_OPTIONS[key];
  if (word === LEFT_OUT) return undefined;
  if (value === undefined) {
    if (word === "true" || word === "false") return word === "true";
    throw new InvalidArgumentError(`${key} takes true or false.`);
  }
  const found = kind.read?.(word);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`${flagOf(key)} takes ${kind.needs}.`);
}
