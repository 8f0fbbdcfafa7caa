import { join } from "node:path";
import { LABEL_FILES, type LostLabel } from "../labels/file.ts";
import { type Labels, mergeLabels } from "../labels/label.ts";
import { loadModel, MODEL_FILES } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import {
  type CarriedLabel,
  carriedNotice,
  carryLabels,
} from "./carry_labels.ts";
import { changeNames, keepLostNames, modelPlace, namesHome } from "./labels.ts";

/** What became of names whose dictionary another one had replaced by then. */
interface Moved {
  carried: CarriedLabel[];
  lost: LostLabel[];
}

/**
 * A dictionary whose atoms get names that take a while to find, in which another dictionary may take its place, by a
 * training or a pipeline's promotion: each name goes along to its atom's successor then, as at any training.
 */
export class NamedDictionary {
  readonly #moved: Moved = { carried: [], lost: [] };
  #lostFile: string = LABEL_FILES.lost;

  private constructor(
    /** Where it was loaded from, as it was named. */
    readonly directory: string,
    /** As it was when it was loaded. */
    readonly model: DictionaryModel,
    /** The same, links followed. */
    readonly place: string,
    /** Where its names are kept: as a rule `place`. */
    readonly home: string,
    readonly stamp: string | undefined,
  ) {}

  /**
   * Loads the dictionary of a model directory in order to name its atoms.
   *
   * @param directory a model directory, or a link to one
   * @throws {DbksvdError} as {@linkcode loadModel}
   */
  static async open(directory: string): Promise<NamedDictionary> {
    const place = await modelPlace(directory);
    // First: one that takes its place while it is loaded is taken for another then, which costs nothing but a look.
    const stamp = await stampOf(place);
    const { model } = await loadModel(place);
    const home = await namesHome(place);
    return new NamedDictionary(directory, model, place, home, stamp);
  }

  /** What became of names that another dictionary's atoms got; `undefined` where there are none. */
  get notice(): string | undefined {
    const said = carriedNotice(this.#moved, this.#lostFile);
    return said &&
      `Another dictionary took this one's place meanwhile. ${said}`;
  }

  /** Whether it still lies where it was loaded from. */
  async isThere(): Promise<boolean> {
    const { place, stamp } = this;
    return stamp !== undefined && await stampOf(place) === stamp;
  }

  /**
   * Adds names to those that there are by now; none that a person gave is replaced.
   *
   * @param further names of this dictionary's atoms
   * @returns all names after it, of the dictionary that is there
   * @throws {DbksvdError} `data` where the names that are there are damaged, `run` where the file system refuses
   */
  async add(further: Labels): Promise<Labels> {
    for (;;) {
      const labels = await this.#put(further);
      if (labels !== undefined) return labels;
    }
  }

  // Undefined where another dictionary took the place of the one that was there, so that it has to be done again.
  async #put(further: Labels): Promise<Labels | undefined> {
    const { home, model, stamp } = this;
    const place = await modelPlace(home);
    const present = await stampOf(place);
    const isOwn = present !== undefined && present === stamp;
    const successor = isOwn ? model : (await loadModel(place)).model;
    const { labels: given, carried, lost } = isOwn
      ? { labels: further, carried: [], lost: [] }
      : await carryLabels(further, model, successor);
    const isStill = async () =>
      await modelPlace(home) === place && await stampOf(place) === present;
    const change = (names: Labels) => mergeLabels(names, given);
    const labels = await changeNames(home, successor, change, place)
      .catch(async (error) => {
        if (await isStill()) throw error;
      });
    if (labels === undefined || !await isStill()) return undefined;
    if (lost.length > 0) this.#lostFile = await keepLostNames(home, lost);
    this.#moved.carried.push(...carried);
    this.#moved.lost.push(...lost);
    return labels;
  }
}

// Tells a dictionary's file from one that takes its place; undefined just while it does.
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
