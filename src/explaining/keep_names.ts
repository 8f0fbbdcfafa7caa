import { join } from "node:path";
import { LABEL_FILES, type LostLabel } from "../labels/file.ts";
import { type AtomLabel, type Labels, mergeLabels } from "../labels/label.ts";
import { loadModel, MODEL_FILES } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import {
  type CarriedLabel,
  carriedNotice,
  carryLabels,
} from "../use/carry_labels.ts";
import {
  changeNames,
  keepLostNames,
  modelPlace,
  namesHome,
} from "../use/labels.ts";
import type { NamedLatent } from "./explain.ts";
import { PROMPT_VERSION } from "./prompts.ts";

/** Milliseconds between two savings. */
const INTERVAL = 2000;

/** A dictionary whose atoms are given names over a while, in which another one may take its place. */
export interface NamedDictionary {
  /** As it was when it was loaded. */
  model: DictionaryModel;
  /** Where its names are kept. */
  home: string;
  /** What tells its file from that of another dictionary. */
  stamp: string | undefined;
}

/**
 * Loads the dictionary of a model directory in order to name its atoms.
 *
 * @param directory a model directory, or a link to one
 * @throws {DbksvdError} as {@linkcode loadModel}
 */
export async function openNamed(directory: string): Promise<NamedDictionary> {
  const place = await modelPlace(directory);
  // First: one that takes its place while it is loaded is taken for another then, which costs nothing but a look.
  const stamp = await stampOf(place);
  const { model } = await loadModel(place);
  return { model, home: await namesHome(place), stamp };
}

/**
 * Saves names as they come: beside those that are there by then, which may have changed meanwhile, and never in place
 * of one that a person gave. Where another dictionary took the place of the named one, by a training or a pipeline's
 * promotion, each name goes along to its atom's successor, as at any training.
 */
export class NameKeeper {
  /** Names saved so far. */
  saved = 0;
  readonly #carried: CarriedLabel[] = [];
  readonly #lost: LostLabel[] = [];
  #lostFile: string = LABEL_FILES.lost;
  #waiting: NamedLatent[] = [];
  #last = performance.now();
  #saving: Promise<void> = Promise.resolve();

  /**
   * @param named whose atoms are named
   * @param explainer the language model
   */
  constructor(readonly named: NamedDictionary, readonly explainer: string) {}

  /** What became of names that another dictionary's atoms got; `undefined` where there are none. */
  get notice(): string | undefined {
    const [carried, lost] = [this.#carried, this.#lost];
    const said = carriedNotice({ carried, lost }, this.#lostFile);
    return said &&
      `Another dictionary took this one's place meanwhile. ${said}`;
  }

  /** Takes a name; saves it with those that came before, every few seconds. */
  async add(name: NamedLatent): Promise<void> {
    this.#waiting.push(name);
    if (performance.now() - this.#last >= INTERVAL) await this.save();
  }

  /**
   * Saves what waits.
   *
   * @throws {DbksvdError} `data` where names that are there are damaged, `run` where the file system refuses
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
    let labels: Labels = {};
    for (const name of names) {
      const label = labelOf(name, this.explainer);
      labels = mergeLabels(labels, { [name.atom]: label });
    }
    while (!await this.#put(labels));
    this.#waiting = this.#waiting.slice(names.length);
    this.#last = performance.now();
    this.saved += names.length;
  }

  // False where another dictionary took the place of the one that is there, so that it has to be done again.
  async #put(labels: Labels): Promise<boolean> {
    const { home, model, stamp } = this.named;
    const place = await modelPlace(home);
    const present = await stampOf(place);
    const isNamed = present !== undefined && present === stamp;
    const successor = isNamed ? model : (await loadModel(place)).model;
    const { labels: further, carried, lost } = isNamed
      ? { labels, carried: [], lost: [] }
      : await carryLabels(labels, model, successor);
    const isStill = async () =>
      await modelPlace(home) === place && await stampOf(place) === present;
    try {
      const change = (names: Labels) => mergeLabels(names, further);
      await changeNames(home, successor, change, place);
    } catch (error) {
      if (await isStill()) throw error;
      return false;
    }
    if (!await isStill()) return false;
    if (lost.length > 0) this.#lostFile = await keepLostNames(home, lost);
    this.#carried.push(...carried);
    this.#lost.push(...lost);
    return true;
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

// Tells this dictionary's file from one that takes its place; undefined just while it does.
async function stampOf(directory: string): Promise<string | undefined> {
  try {
    const file = join(directory, MODEL_FILES.dictionary);
    const { ino, mtime, size } = await Deno.stat(file);
    return JSON.stringify([ino, mtime, size]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
