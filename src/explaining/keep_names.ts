import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { type AtomLabel, mergeLabels } from "../labels/label.ts";
import { MODEL_FILES } from "../model/directory.ts";
import { changeNames } from "../use/labels.ts";
import type { NamedLatent } from "./explain.ts";
import { PROMPT_VERSION } from "./prompts.ts";

/** Milliseconds between two savings. */
const INTERVAL = 2000;

/**
 * Saves names into a model's directory as they come: beside those that are there by then, which may have changed
 * meanwhile, and never in place of one that a person gave.
 */
export class NameKeeper {
  /** Names saved so far. */
  saved = 0;
  #waiting: NamedLatent[] = [];
  #last = performance.now();
  #saving: Promise<void> = Promise.resolve();

  private constructor(
    readonly directory: string,
    readonly atoms: number,
    readonly model: string,
    readonly stamp: string,
  ) {}

  /**
   * @param directory a model directory, as it is now
   * @param atoms m
   * @param model the language model
   */
  static async of(
    directory: string,
    atoms: number,
    model: string,
  ): Promise<NameKeeper> {
    // A link may lead to another version later on.
    const place = await Deno.realPath(directory);
    return new NameKeeper(place, atoms, model, await stampOf(place));
  }

  /** Takes a name; saves it with those that came before, every few seconds. */
  async add(name: NamedLatent): Promise<void> {
    this.#waiting.push(name);
    if (performance.now() - this.#last >= INTERVAL) await this.save();
  }

  /**
   * Saves what waits.
   *
   * @throws {DbksvdError} `run` where the model is another one by now, or the file system refuses
   */
  save(): Promise<void> {
    // One that failed was told to whoever asked for it; what waits is tried again.
    this.#saving = this.#saving.catch(() => {}).then(() => this.#save());
    return this.#saving;
  }

  async #save(): Promise<void> {
    // A list of its own: further names may come while these are written.
    const names = [...this.#waiting];
    if (names.length === 0) return;
    if (await stampOf(this.directory) !== this.stamp) {
      throw new DbksvdError("run", "The model was trained anew meanwhile", {
        where: { file: this.directory },
        mend: "name its atoms again",
      });
    }
    await changeNames(this.directory, this, (present) => {
      let labels = present;
      for (const name of names) {
        labels = mergeLabels(labels, {
          [name.atom]: labelOf(name, this.model),
        });
      }
      return labels;
    });
    this.#waiting = this.#waiting.slice(names.length);
    this.#last = performance.now();
    this.saved += names.length;
  }
}

/** A name as `labels.json` holds it. */
export function labelOf(
  { label, sign, detection, fuzzing }: NamedLatent,
  model: string,
): AtomLabel {
  const score = (of: typeof detection) =>
    of && Number(of.balancedAccuracy.toFixed(4));
  return {
    label,
    source: "model",
    ...sign && { sign },
    ...detection && { score: score(detection)! },
    ...fuzzing && { fuzzing: score(fuzzing)! },
    model,
    prompt: PROMPT_VERSION,
  };
}

// Tells this dictionary's file from one that takes its place.
async function stampOf(directory: string): Promise<string> {
  const { ino, mtime, size } = await Deno.stat(
    join(directory, MODEL_FILES.dictionary),
  );
  return JSON.stringify([ino, mtime, size]);
}
