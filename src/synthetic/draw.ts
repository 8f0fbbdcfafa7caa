import { permutation, type RandomStream, randomStream } from "../random.ts";

/** Atoms that share a topic, about. */
const ATOMS_PER_TOPIC = 16;

/** Tries at an atom not taken yet before any other will do. */
const TRIES = 64;

/** Chances by which atoms are drawn: cumulative, over some atoms. */
interface Chances {
  atoms: Uint32Array;
  cumulative: Float64Array;
}

/**
 * Draws supports: atoms by a Zipf law, and with a given chance from the row's topic, so that atoms of a topic come
 * together as a language model's features do.
 */
export class SupportDraw {
  readonly #all: Chances;
  readonly #topics: Chances[];
  readonly #correlation: number;

  /**
   * @param atoms how many there are
   * @param zipf exponent s: the atom of rank r has a chance of r⁻ˢ; 0 for equal chances
   * @param correlation chance that an atom is drawn from the row's topic
   * @param seed what topics and ranks are drawn by
   */
  constructor(atoms: number, zipf: number, correlation: number, seed: number) {
    const random = randomStream(seed, "topics");
    const order = permutation(atoms, random);
    const weight = (atom: number) => (atom + 1) ** -zipf;
    this.#correlation = correlation;
    this.#all = chances(order.slice().sort(), weight);
    const topics = Math.max(1, Math.floor(atoms / ATOMS_PER_TOPIC));
    this.#topics = Array.from(
      { length: topics },
      (_, t) => chances(order.filter((_, i) => i % topics === t), weight),
    );
  }

  /** Draws one row's atoms, each once. */
  draw(count: number, random: RandomStream): number[] {
    const topic = this.#topics[random.integer(this.#topics.length)];
    const taken = new Set<number>();
    for (let tries = 0; taken.size < count; tries++) {
      if (tries > TRIES * count) {
        taken.add(random.integer(this.#all.atoms.length));
        continue;
      }
      const from = random.uniform() < this.#correlation ? topic : this.#all;
      taken.add(pick(from, random.uniform()));
    }
    return [...taken];
  }
}

function chances(
  atoms: Uint32Array,
  weight: (atom: number) => number,
): Chances {
  const cumulative = new Float64Array(atoms.length);
  let sum = 0;
  atoms.forEach((atom, i) => cumulative[i] = sum += weight(atom));
  return { atoms, cumulative };
}

function pick({ atoms, cumulative }: Chances, share: number): number {
  const target = share * cumulative[cumulative.length - 1];
  let low = 0, high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > target) high = middle;
    else low = middle + 1;
  }
  return atoms[low];
}
