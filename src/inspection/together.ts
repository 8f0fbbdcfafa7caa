import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import type { FiringTogether } from "../report/data.ts";
import { rowRank } from "./latent_rows.ts";

/** Rows whose codes are looked at; of more rows, a sample of about so many. */
const MOST_ROWS = 65_536;

/** Rows that two atoms must share before it is shown. */
const FEWEST_SHARED = 3;

/** Finds, of every atom, the others that rows use together with it more often than they use them anyway. */
export class TogetherTally {
  readonly #atoms: number;
  readonly #least: number;
  /** Atoms of the sampled rows, row after row, and where each row begins. */
  readonly #used: number[] = [];
  readonly #starts: number[] = [0];

  /**
   * @param atoms number of atoms
   * @param rows how many will come, about
   */
  constructor(atoms: number, rows: number) {
    this.#atoms = atoms;
    this.#least = 1 - MOST_ROWS / Math.max(rows, 1);
  }

  /** Takes the codes of further rows. */
  add(codes: Codes, rowNumbers: ArrayLike<number>): void {
    for (let i = 0; i < codes.rows; i++) {
      if (rowRank(rowNumbers[i]) < this.#least) continue;
      for (
        let slot = i * codes.sparsity;
        slot < (i + 1) * codes.sparsity;
        slot++
      ) {
        const atom = codes.indices[slot];
        if (atom !== EMPTY_SLOT && codes.values[slot] !== 0) {
          this.#used.push(atom);
        }
      }
      this.#starts.push(this.#used.length);
    }
  }

  /**
   * The atoms that fire most together with each: by how much larger the share of its rows that use the other is than
   * the share of all rows that do.
   *
   * @param count at most so many for each
   */
  table(count: number): FiringTogether {
    const atoms = this.#atoms;
    const rows = this.#starts.length - 1;
    const { uses, rowsOf } = this.#byAtom();
    const indices = new Uint32Array(atoms * count).fill(EMPTY_SLOT);
    const shares = new Float32Array(atoms * count);
    const shared = new Uint32Array(atoms);
    for (let atom = 0; atom < atoms; atom++) {
      const met: number[] = [];
      for (const row of rowsOf(atom)) {
        for (let at = this.#starts[row]; at < this.#starts[row + 1]; at++) {
          if (shared[this.#used[at]]++ === 0) met.push(this.#used[at]);
        }
      }
      const excess = (other: number) =>
        shared[other] / uses[atom] - uses[other] / rows;
      met.filter((other) =>
        other !== atom && shared[other] >= FEWEST_SHARED && excess(other) > 0
      ).sort((a, b) => excess(b) - excess(a) || a - b).slice(0, count)
        .forEach((other, place) => {
          indices[atom * count + place] = other;
          shares[atom * count + place] = shared[other] / uses[atom];
        });
      for (const other of met) shared[other] = 0;
    }
    return { count, rows, indices, shares };
  }

  // The sampled rows of every atom, by a counting sort.
  #byAtom() {
    const uses = new Uint32Array(this.#atoms);
    for (const atom of this.#used) uses[atom]++;
    const ends = new Uint32Array(this.#atoms + 1);
    for (let j = 0; j < this.#atoms; j++) ends[j + 1] = ends[j] + uses[j];
    const next = ends.slice(0, this.#atoms);
    const rows = new Uint32Array(this.#used.length);
    for (let row = 0; row + 1 < this.#starts.length; row++) {
      for (let at = this.#starts[row]; at < this.#starts[row + 1]; at++) {
        rows[next[this.#used[at]]++] = row;
      }
    }
    const rowsOf = (atom: number) => rows.subarray(ends[atom], ends[atom + 1]);
    return { uses, rowsOf };
  }
}
