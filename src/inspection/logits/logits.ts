import { EMPTY_SLOT } from "../../engine/engine.ts";
import type { TokenTexts } from "../../files/tokenizer.ts";
import type { AtomTable } from "../../metrics/similarity.ts";
import type { DictionaryModel } from "../../model/model.ts";
import type { AtomLogits, TokenLogits } from "../../report/data.ts";
import { type Helper, helpersFor, shareOut, threadHelper } from "../helpers.ts";
import { TopTokens } from "./top_tokens.ts";
import {
  type NormForm,
  openUnembedding,
  type Unembedding,
} from "./unembedding.ts";
import {
  type LogitEnds,
  type LogitOrder,
  type LogitsFound,
  type LogitStart,
  LogitWork,
  type TokenRun,
} from "./work.ts";

const WORKER = new URL("./worker.ts", import.meta.url);

/** Tokens kept at each end of an atom. */
const TOKENS_KEPT = 10;

/** Multiplications of a run of tokens, about: a thread tells of its progress after each. */
const RUN_WORK = 2 ** 31;
/** Values of a run: a thread holds them three times. */
const RUN_VALUES = 2 ** 22;
/** Tokens of a run: fewer would waste the packing of atoms. */
const RUN_TOKENS = { least: 256, most: 4096 };
/** Columns of a matrix stored the other way round are read a run at a time: shorter ones would cost too many reads. */
const LEAST_COLUMNS = 1024;

/** Which unembedding, and how the work is done. */
export interface LogitOptions {
  /** A safetensors file, an index of shards, or a checkpoint's folder. */
  unembed: string;
  /** Whether the final norm's weights are folded in, and how. */
  foldNorm?: NormForm | "auto" | undefined;
  /** What ids stand for. */
  tokens: TokenTexts;
  /** Threads; all that the machine has by default. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with how many of the vocabulary's tokens are done. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * The tokens that every atom promotes and suppresses: the largest and smallest of the atom, in raw units, times the
 * unembedding, which is read by ranges and never held whole.
 *
 * @param model whose atoms
 * @param options the unembedding, and what its tokens are called
 * @throws {DbksvdError} `data` where there is no unembedding that fits
 */
export async function atomLogits(
  model: DictionaryModel,
  options: LogitOptions,
): Promise<AtomLogits> {
  const { unembed, foldNorm, tokens } = options;
  const found = await openUnembedding(unembed, model.width, foldNorm);
  // A vocabulary is often padded: what has no name is no token.
  const vocabulary = Math.min(found.place.vocabulary, tokens.size);
  const ends = await endsOf(model, found, vocabulary, options);
  const places = new Map<number, number>();
  const listed = ({ ids, values }: TopTokens): TokenLogits => ({
    tokens: ids.map((id) => {
      if (id === EMPTY_SLOT) return EMPTY_SLOT;
      const place = places.get(id) ?? places.size;
      places.set(id, place);
      return place;
    }),
    logits: values,
  });
  const promoted = listed(ends.promoted);
  const suppressed = listed(ends.suppressed);
  return {
    count: ends.promoted.count,
    promoted,
    suppressed,
    ids: Uint32Array.from(places.keys()),
    texts: Array.from(places.keys(), (id) => tokens.text(id)),
    unembedding: {
      path: unembed,
      tensor: found.tensor,
      vocabulary,
      ...found.norm !== undefined && { norm: found.norm },
    },
  };
}

async function endsOf(
  model: DictionaryModel,
  found: Unembedding,
  vocabulary: number,
  options: LogitOptions,
): Promise<LogitEnds> {
  const { atoms } = model;
  const start = startOf(model, found, Math.min(TOKENS_KEPT, vocabulary));
  const ends: LogitEnds = {
    promoted: new TopTokens(atoms, start.count),
    suppressed: new TopTokens(atoms, start.count),
  };
  const take = ({ ends: of }: LogitsFound) => merge(ends, of);
  await overVocabulary(model, start, vocabulary, take, options);
  return ends;
}

/**
 * Histograms of every atom's logits over the vocabulary, between its smallest and its largest one.
 *
 * @param model whose atoms
 * @param logits what {@linkcode atomLogits} found with the same options
 * @param bars of a histogram
 * @param options the unembedding
 * @returns atoms × bars tokens, and atoms × 2 limits
 */
export async function logitHistograms(
  model: DictionaryModel,
  { promoted, suppressed, count }: AtomLogits,
  bars: number,
  options: LogitOptions,
): Promise<{ counts: Uint32Array; limits: Float32Array }> {
  const { unembed, foldNorm, tokens } = options;
  const found = await openUnembedding(unembed, model.width, foldNorm);
  const limits = Float32Array.from(
    { length: 2 * model.atoms },
    (_, i) => (i % 2 === 0 ? suppressed : promoted).logits[(i >> 1) * count],
  );
  const vocabulary = Math.min(found.place.vocabulary, tokens.size);
  const start = { ...startOf(model, found, 0), histograms: { bars, limits } };
  const counts = new Uint32Array(model.atoms * bars);
  await overVocabulary(model, start, vocabulary, ({ bars: of }) => {
    of.forEach((tokens, bar) => counts[bar] += tokens);
  }, options);
  return { counts, limits };
}

function startOf(
  model: DictionaryModel,
  { place, factors }: Unembedding,
  count: number,
): LogitStart {
  const dictionary = sharedDictionary(model, factors);
  return { dictionary, atoms: model.atoms, place, count };
}

// Shares the tokens out, and gives what each thread has found in the end.
async function overVocabulary(
  model: DictionaryModel,
  start: LogitStart,
  vocabulary: number,
  take: (found: LogitsFound) => void,
  { threads, signal, onProgress }: LogitOptions,
): Promise<void> {
  const runs = runsOf(
    vocabulary,
    runLength(model, start.place.transposed),
  );
  const count = Math.min(helpersFor(WORKER, threads), runs.length);
  const helpers = Array.from(
    { length: count },
    () => count === 1 ? ownHelper(start) : newThread(),
  );
  const race = (orders: readonly LogitOrder[]) =>
    Promise.all(
      helpers.map((helper) =>
        shareOut(orders, [helper], (found) => {
          if (found !== null) take(found);
        }, signal)
      ),
    );
  try {
    await race([start]);
    let done = 0;
    await shareOut<LogitOrder, LogitsFound | null>(
      runs,
      helpers,
      (_, run) => {
        done += (run as TokenRun).end - (run as TokenRun).from;
        onProgress?.(done, vocabulary);
      },
      signal,
    );
    await race(["finish"]);
  } finally {
    for (const helper of helpers) helper.close();
  }
}

type Found = Pick<TopTokens, "ids" | "values">;
type LogitHelper = Helper<LogitOrder, LogitsFound | null>;

function newThread(): LogitHelper {
  return threadHelper(new Worker(WORKER, { type: "module" }));
}

// The same in this thread.
function ownHelper(start: LogitStart): LogitHelper {
  const work = new LogitWork(start);
  return {
    run: (order) => {
      if (order === "finish") return Promise.resolve(work.found());
      if ("from" in order) work.add(order);
      return Promise.resolve(null);
    },
    close: () => work.close(),
  };
}

function merge(
  { promoted, suppressed }: LogitEnds,
  found: readonly Found[],
): void {
  const take = (into: TopTokens, { ids, values }: Found, sign: 1 | -1) =>
    ids.forEach((id, place) => {
      if (id === EMPTY_SLOT) return;
      into.offer(Math.floor(place / into.count), id, values[place], sign);
    });
  take(promoted, found[0], 1);
  take(suppressed, found[1], -1);
}

// Factors of dimensions are folded into the atoms: there are fewer of them than tokens.
function sharedDictionary(
  { dictionary, width }: DictionaryModel,
  factors: Float32Array | undefined,
): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(dictionary.byteLength));
  shared.set(dictionary);
  if (factors === undefined) return shared;
  for (let e = 0; e < shared.length; e++) shared[e] *= factors[e % width];
  return shared;
}

function runLength({ atoms, width }: AtomTable, transposed: boolean): number {
  const { least, most } = RUN_TOKENS;
  const wanted = Math.min(
    most,
    Math.floor(RUN_VALUES / width),
    Math.floor(RUN_WORK / (atoms * width)),
  );
  return Math.max(wanted, transposed ? LEAST_COLUMNS : least);
}

function runsOf(vocabulary: number, length: number): TokenRun[] {
  return Array.from(
    { length: Math.ceil(vocabulary / length) },
    (_, i) => ({
      from: i * length,
      end: Math.min(vocabulary, (i + 1) * length),
    }),
  );
}
