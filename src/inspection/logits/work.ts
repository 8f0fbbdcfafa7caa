import { multiplyFast } from "../../engine/multiply.ts";
import { LocalFile, type SyncBytes } from "../../files/bytes.ts";
import { toFloat32, typeBytes } from "../../files/tensors.ts";
import { TopTokens } from "./top_tokens.ts";
import type { UnembeddingPlace } from "./unembedding.ts";

/** Atoms whose products with a run of tokens are made at once: bounds memory to strip × run. */
const STRIP = 384;

/** What a thread needs to do its share. */
export interface LogitStart {
  /** atoms × width, in memory that threads share. */
  dictionary: Float32Array;
  atoms: number;
  place: UnembeddingPlace;
  /** Tokens kept at each end of an atom. */
  count: number;
}

/** Tokens from ≤ id < end. */
export interface TokenRun {
  from: number;
  end: number;
}

/** What was found of every atom. */
export interface LogitEnds {
  promoted: TopTokens;
  suppressed: TopTokens;
}

/** The products of all atoms with runs of tokens, of which only the ends are kept. */
export class LogitWork {
  readonly #start: LogitStart;
  readonly #file: LocalFile;
  readonly ends: LogitEnds;

  constructor(start: LogitStart) {
    const { atoms, count, place } = start;
    this.#start = start;
    this.#file = new LocalFile(place.file);
    this.ends = {
      promoted: new TopTokens(atoms, count),
      suppressed: new TopTokens(atoms, count),
    };
  }

  /** Takes a run of tokens into account. */
  add({ from, end }: TokenRun): void {
    const { dictionary, atoms, place } = this.#start;
    const { width } = place;
    const tokens = end - from;
    const rows = readTokens(this.#file, place, { from, end });
    const logits = new Float32Array(Math.min(STRIP, atoms) * tokens);
    for (let first = 0; first < atoms; first += STRIP) {
      const count = Math.min(STRIP, atoms - first);
      const strip = dictionary.subarray(
        first * width,
        (first + count) * width,
      );
      multiplyFast(strip, count, rows, tokens, width, logits);
      for (let i = 0; i < count; i++) {
        const line = logits.subarray(i * tokens, (i + 1) * tokens);
        this.ends.promoted.offerAll(first + i, line, from, 1);
        this.ends.suppressed.offerAll(first + i, line, from, -1);
      }
    }
  }

  close(): void {
    this.#file.close();
  }
}

/** The rows of some tokens as float32, tokens × width, whichever way round they are stored. */
export function readTokens(
  file: SyncBytes,
  { offset, dtype, vocabulary, width, transposed }: UnembeddingPlace,
  { from, end }: TokenRun,
): Float32Array {
  const size = typeBytes(dtype)!;
  const tokens = end - from;
  if (!transposed) {
    const bytes = new Uint8Array(tokens * width * size);
    file.readSync(offset + from * width * size, bytes);
    return toFloat32(dtype, bytes);
  }
  const rows = new Float32Array(tokens * width);
  const bytes = new Uint8Array(tokens * size);
  for (let d = 0; d < width; d++) {
    file.readSync(offset + (d * vocabulary + from) * size, bytes);
    const column = toFloat32(dtype, bytes);
    for (let t = 0; t < tokens; t++) rows[t * width + d] = column[t];
  }
  return rows;
}
