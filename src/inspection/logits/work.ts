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
  /** Counts all tokens in place of keeping ends. */
  histograms?: LogitHistograms | undefined;
}

/** How logits are counted. */
export interface LogitHistograms {
  /** Bars of an atom, of equal width. */
  bars: number;
  /** atoms × 2: where they begin and end. */
  limits: Float32Array;
}

/** Tokens from ≤ id < end. */
export interface TokenRun {
  from: number;
  end: number;
}

/** What a thread that works logits out is given. */
export type LogitOrder = LogitStart | TokenRun | "finish";

/** What was found of every atom. */
export interface LogitEnds {
  promoted: TopTokens;
  suppressed: TopTokens;
}

/** The products of all atoms with runs of tokens, of which only the ends, or the bars of histograms, are kept. */
export class LogitWork {
  readonly #start: LogitStart;
  readonly #file: LocalFile;
  readonly ends: LogitEnds;
  /** atoms × bars tokens. */
  readonly bars: Uint32Array;

  constructor(start: LogitStart) {
    const { atoms, count, place } = start;
    this.#start = start;
    this.#file = new LocalFile(place.file);
    this.ends = {
      promoted: new TopTokens(atoms, count),
      suppressed: new TopTokens(atoms, count),
    };
    this.bars = new Uint32Array(atoms * (start.histograms?.bars ?? 0));
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
        this.#take(first + i, line, from);
      }
    }
  }

  #take(atom: number, line: Float32Array, from: number): void {
    const { histograms } = this.#start;
    if (histograms !== undefined) {
      return countInto(this.bars, atom, line, histograms);
    }
    this.ends.promoted.offerAll(atom, line, from, 1);
    this.ends.suppressed.offerAll(atom, line, from, -1);
  }

  /** What was found: the ends, promoted tokens first, and the bars. */
  found(): LogitsFound {
    const { promoted, suppressed } = this.ends;
    const plain = ({ ids, values }: TopTokens) => ({ ids, values });
    return { ends: [plain(promoted), plain(suppressed)], bars: this.bars };
  }

  close(): void {
    this.#file.close();
  }
}

/** What a share of the tokens came to. */
export interface LogitsFound {
  ends: Pick<TopTokens, "ids" | "values">[];
  bars: Uint32Array;
}

function countInto(
  counts: Uint32Array,
  atom: number,
  values: Float32Array,
  { bars, limits }: LogitHistograms,
): void {
  const least = limits[2 * atom], extent = limits[2 * atom + 1] - least;
  const first = atom * bars;
  for (const value of values) {
    const bar = extent === 0 ? 0 : (value - least) / extent * bars;
    // What is not a number is in no bar.
    if (bar >= 0) counts[first + Math.min(bars - 1, Math.floor(bar))]++;
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
