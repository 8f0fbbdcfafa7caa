import { type AtomLabel, type Labels, mergeLabels } from "../labels/label.ts";
import type { NamedDictionary } from "../use/named_dictionary.ts";
import type { NamedLatent } from "./explain.ts";
import { PROMPT_VERSION } from "./prompts.ts";

/** Milliseconds between two savings. */
const INTERVAL = 2000;

/** Saves names as they come, every few seconds. */
export class NameKeeper {
  /** Names saved so far. */
  saved = 0;
  #waiting: NamedLatent[] = [];
  #last = performance.now();
  #saving: Promise<void> = Promise.resolve();

  /**
   * @param named whose atoms are named
   * @param explainer the language model
   */
  constructor(readonly named: NamedDictionary, readonly explainer: string) {}

  /** Takes a name; saves it with those that came before, every few seconds. */
  async add(name: NamedLatent): Promise<void> {
    this.#waiting.push(name);
    if (performance.now() - this.#last >= INTERVAL) await this.save();
  }

  /**
   * Saves what waits.
   *
   * @throws {DbksvdError} as {@linkcode NamedDictionary.add}
   */
  save(): Promise<void> {
    // Whoever asked for one that failed knows of it; what waits is tried again.
    this.#saving = this.#saving.catch(() => {}).then(() => this.#save());
    return this.#saving;
  }

  async #save(): Promise<void> {
    // A list of its own: further names may come while these are written.
    const names = [...this.#waiting];
    if (names.length === 0) return;
    let labels: Labels = {};
    for (const name of names) {
      const label = labelOf(name, this.explainer);
      labels = mergeLabels(labels, { [name.atom]: label });
    }
    await this.named.add(labels);
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
