import { DbksvdError } from "../../errors.ts";
import type { EngineRows } from "../engine.ts";
import { CHUNK_ROWS } from "./layout.ts";
import { PHASE } from "./orders.ts";
import type { Parts } from "./parts.ts";
import { HELD_BYTES } from "./plan.ts";

/** Puts rows where the engine works on them, normalised, and keeps some of them for later. */
export class Loader {
  readonly #parts: Parts;
  readonly #held = new Map<number, Float32Array>();
  #heldBytes = 0;

  /** @param parts the engine's */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Keeps rows: their number, undefined where there is no room. */
  hold(rows: { data: Float32Array; rows: number }): number | undefined {
    const { padded, residual, rowBytes } = this.#parts.context.layout;
    const bytes = rows.rows * rowBytes;
    if (this.#heldBytes + bytes > HELD_BYTES) return undefined;
    this.load(rows);
    this.#heldBytes += bytes;
    const normalised = this.#floats(residual, rows.rows * padded).slice();
    this.#held.set(this.#held.size, normalised);
    return this.#held.size - 1;
  }

  /** Loads an iteration's rows. */
  take(rows: EngineRows): void {
    this.load(rows);
    if ("data" in rows) rows.release?.();
  }

  /** Loads rows. */
  load(rows: EngineRows): void {
    const { context, crew } = this.#parts;
    const { padded, residual, width, rows: most } = context.layout;
    if (rows.rows > most) {
      throw new DbksvdError(
        "run",
        `The engine was made for ${most} rows at a time, not for ${rows.rows}`,
      );
    }
    context.orders.set({ rows: rows.rows });
    const to = this.#floats(residual, rows.rows * padded);
    if ("held" in rows) return to.set(this.#heldRows(rows.held));
    const { data } = rows;
    if (padded === width) to.set(data.subarray(0, to.length));
    else {
      to.fill(0);
      for (let row = 0; row < rows.rows; row++) {
        const from = data.subarray(row * width, (row + 1) * width);
        to.set(from, row * padded);
      }
    }
    const tasks = Math.ceil(rows.rows / CHUNK_ROWS);
    crew.run(PHASE.normalise, tasks, 2 * to.length);
  }

  /** Lets go of what was kept. */
  clear(): void {
    this.#held.clear();
  }

  #heldRows(number: number): Float32Array {
    const held = this.#held.get(number);
    if (held !== undefined) return held;
    throw new DbksvdError("run", `No rows are held under number ${number}`);
  }

  #floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#parts.context.views.x.buffer, at, count);
  }
}
