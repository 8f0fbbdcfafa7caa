import { type Codes, EMPTY_SLOT } from "../../engine/engine.ts";
import { DbksvdError } from "../../errors.ts";
import { writeError } from "../../files/atomic.ts";

/** Rows read back at a time. */
const ROWS_AT_ONCE = 65_536;

/**
 * Codes of rows in a file of its own, to be gone through again, or looked up by row, without coding once more. A row's
 * atoms stand before its values; a value of 0 is none.
 */
export class CodeSpool {
  readonly #file: Deno.FsFile;
  readonly #slots: number;
  #rows = 0;

  /**
   * @param path the file, which is made
   * @param slots nonzeros of a row, at most
   */
  constructor(readonly path: string, slots: number) {
    this.#slots = slots;
    this.#file = Deno.openSync(path, {
      read: true,
      write: true,
      createNew: true,
    });
  }

  /** Takes codes of rows, by their numbers, which rise; rows between them have none. */
  add(codes: Codes, numbers: Float64Array): void {
    if (codes.sparsity > this.#slots) {
      throw new DbksvdError(
        "usage",
        `Rows have ${codes.sparsity} nonzeros, the model says ${this.#slots}`,
        { mend: "export a dictionary of this tool" },
      );
    }
    for (let from = 0; from < codes.rows;) {
      let to = from + 1;
      while (to < codes.rows && numbers[to] === numbers[to - 1] + 1) to++;
      this.#write(codes, from, to, numbers[from]);
      from = to;
    }
    if (codes.rows > 0) this.#rows = numbers[codes.rows - 1] + 1;
  }

  #write(
    { sparsity, indices, values }: Codes,
    from: number,
    to: number,
    row: number,
  ): void {
    const slots = this.#slots;
    const atoms = new Uint32Array(2 * (to - from) * slots);
    const sizes = new Float32Array(atoms.buffer);
    for (let i = from; i < to; i++) {
      const at = 2 * (i - from) * slots;
      for (let slot = 0; slot < sparsity; slot++) {
        const place = i * sparsity + slot;
        if (indices[place] === EMPTY_SLOT) continue;
        atoms[at + slot] = indices[place];
        sizes[at + slots + slot] = values[place];
      }
    }
    const bytes = new Uint8Array(atoms.buffer);
    try {
      this.#file.seekSync(row * this.#rowBytes, Deno.SeekMode.Start);
      for (let at = 0; at < bytes.length;) {
        at += this.#file.writeSync(bytes.subarray(at));
      }
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }

  /** All codes in the order of rows. */
  *all(): Generator<{ codes: Codes; first: number }> {
    const slots = this.#slots;
    for (let first = 0; first < this.#rows; first += ROWS_AT_ONCE) {
      const rows = Math.min(this.#rows - first, ROWS_AT_ONCE);
      const { atoms, sizes } = this.#read(first, first + rows);
      const indices = new Uint32Array(rows * slots);
      const values = new Float32Array(rows * slots);
      for (let i = 0; i < rows; i++) {
        const at = 2 * i * slots, to = i * slots;
        indices.set(atoms.subarray(at, at + slots), to);
        values.set(sizes.subarray(at + slots, at + 2 * slots), to);
      }
      const residual = new Float32Array(rows);
      yield {
        codes: { rows, sparsity: slots, indices, values, residual },
        first,
      };
    }
  }

  /** An atom's values in rows start ≤ row < end; 0 where a row does not use it. */
  valuesOf(atom: number, start: number, end: number): Float32Array {
    const slots = this.#slots;
    const { atoms, sizes } = this.#read(start, end);
    const values = new Float32Array(end - start);
    for (let i = 0; i < values.length; i++) {
      const at = 2 * i * slots;
      for (let slot = at; slot < at + slots; slot++) {
        if (atoms[slot] !== atom || sizes[slot + slots] === 0) continue;
        values[i] = sizes[slot + slots];
        break;
      }
    }
    return values;
  }

  #read(start: number, end: number) {
    const bytes = new Uint8Array((end - start) * this.#rowBytes);
    this.#file.seekSync(start * this.#rowBytes, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      const count = this.#file.readSync(bytes.subarray(at));
      // Rows behind the last one that has codes have none.
      if (count === null) break;
      at += count;
    }
    return {
      atoms: new Uint32Array(bytes.buffer),
      sizes: new Float32Array(bytes.buffer),
    };
  }

  get #rowBytes(): number {
    return 8 * this.#slots;
  }

  /** Takes the file away. */
  close(): void {
    this.#file.close();
    Deno.removeSync(this.path);
  }
}
