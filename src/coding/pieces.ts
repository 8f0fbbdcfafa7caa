import { EMPTY_SLOT } from "../engine/engine.ts";
import { pauseIfDue } from "../pause.ts";
import type { RowBatch } from "../rows/source.ts";
import type { RowCoder, SparseCodes } from "./coder.ts";

/** What a call of a coder should take, in milliseconds: a real GPU is idle between calls, a processor is not. */
const CALL_MS = { cpu: 100, gpu: 400 } as const;

/** Multiplications (rows × atoms × width) of the first call, before any was timed. */
const FIRST_WORK = { cpu: 2 ** 26, gpu: 2 ** 32 } as const;

/** How much larger or smaller a call may be than the one before. */
const MOST_CHANGE = 4;

/** Larger calls are multiples of so many rows. */
const ROUND_ROWS = 64;

/** Calls that a coder is given before the first one's codes are waited for. */
const IN_FLIGHT = 2;

/**
 * Gives a coder the rows of batches in pieces that take about as long as they should, whatever the machine and the
 * model, and puts the codes together again: whoever follows sees every piece, results do not depend on how long
 * anything took.
 */
export class PieceCoder<C extends SparseCodes> {
  readonly #coder: RowCoder<C>;
  readonly #onPiece: (rows: number) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #speed: "cpu" | "gpu";
  #rows: number;
  #inFlight: Promise<unknown>[] = [];
  #finishedAt = 0;
  #given: Promise<unknown> = Promise.resolve();

  /**
   * @param coder what codes
   * @param onPiece called with the rows of every piece that is done
   * @param signal ends the work between two pieces
   */
  constructor(
    coder: RowCoder<C>,
    onPiece: (rows: number) => void,
    signal?: AbortSignal,
  ) {
    const { info, decoder: { width, atoms } } = coder;
    this.#coder = coder;
    this.#onPiece = onPiece;
    this.#signal = signal;
    this.#speed = info.kind === "gpu" && !info.software ? "gpu" : "cpu";
    this.#rows = Math.ceil(FIRST_WORK[this.#speed] / (width * atoms));
  }

  /**
   * Codes a batch once the ones before it are given to the coder; batches' codes are not waited for in between.
   *
   * @param batch whose rows stay the caller's
   */
  code(batch: RowBatch): Promise<C> {
    const coded = this.#given.then(() => this.#give(batch));
    this.#given = coded;
    return coded.then(async (pieces) => joinedCodes(await Promise.all(pieces)));
  }

  async #give(batch: RowBatch): Promise<Promise<C>[]> {
    const { width } = this.#coder.decoder;
    const pieces: Promise<C>[] = [];
    for (let from = 0; from < batch.rows;) {
      if (this.#inFlight.length >= IN_FLIGHT) await this.#inFlight.shift();
      await pauseIfDue(this.#signal);
      const rows = Math.min(this.#nextRows(), batch.rows - from);
      // A copy: the coder may take the buffer with it to another thread.
      const data = batch.data.slice(from * width, (from + rows) * width);
      const piece = this.#timed({ data, rows });
      piece.catch(() => {}); // reported when the batch is put together
      pieces.push(piece);
      this.#inFlight.push(piece.catch(() => {}));
      from += rows;
    }
    return pieces;
  }

  #nextRows(): number {
    const rounded = this.#rows > ROUND_ROWS
      ? this.#rows - this.#rows % ROUND_ROWS
      : this.#rows;
    return Math.min(rounded, this.#coder.mostRows);
  }

  async #timed(rows: { data: Float32Array; rows: number }): Promise<C> {
    const given = performance.now();
    const codes = await this.#coder.encode(rows);
    const now = performance.now();
    const took = now - Math.max(given, this.#finishedAt);
    this.#finishedAt = now;
    const fitting = codes.rows * CALL_MS[this.#speed] / Math.max(took, 0.01);
    this.#rows = Math.ceil(
      Math.min(
        codes.rows * MOST_CHANGE,
        Math.max(codes.rows / MOST_CHANGE, fitting),
      ),
    );
    this.#onPiece(codes.rows);
    return codes;
  }
}

/** Codes of consecutive rows as one; rows of fewer slots are filled up. */
export function joinedCodes<C extends SparseCodes>(pieces: readonly C[]): C {
  if (pieces.length === 1) return pieces[0];
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const sparsity = Math.max(...pieces.map((piece) => piece.sparsity));
  const indices = new Uint32Array(rows * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(rows * sparsity);
  let row = 0;
  for (const piece of pieces) {
    for (let i = 0; i < piece.rows; i++, row++) {
      const from = i * piece.sparsity, to = from + piece.sparsity;
      indices.set(piece.indices.subarray(from, to), row * sparsity);
      values.set(piece.values.subarray(from, to), row * sparsity);
    }
  }
  return {
    ...pieces[0],
    rows,
    sparsity,
    indices,
    values,
    ...residuals(pieces),
  };
}

function residuals(pieces: readonly SparseCodes[]) {
  const parts = pieces.map((piece) =>
    "residual" in piece ? piece.residual as Float32Array : undefined
  );
  if (parts.some((part) => part === undefined)) return {};
  const residual = new Float32Array(
    parts.reduce((sum, part) => sum + part!.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    residual.set(part!, at);
    at += part!.length;
  }
  return { residual };
}
