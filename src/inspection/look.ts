import { codeRows } from "../coding/rows.ts";
import type { Codes } from "../engine/engine.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { readingCoder, readingInWords } from "../use/activations.ts";
import { rowNumbersOf } from "../use/codes.ts";
import { Contexts, ContextWindow, type TextPlaces } from "./contexts.ts";
import { DEFAULT_READING, type InspectOptions } from "./options.ts";
import { LatentRowKeeper } from "./latent_rows.ts";
import { type TextColumn, textsOf } from "./row_texts.ts";
import {
  type NumberedCodes,
  readingOfStored,
  storedCodes,
  type StoredReading,
} from "./stored_codes.ts";
import { UsageTally } from "./tally.ts";
import { TogetherTally } from "./together.ts";

/** What one pass over the rows found. */
export interface Found {
  /** What of the atoms was read, and how, in words. */
  by: AtomReading;
  coder: string;
  /** Latents of an atom. */
  sides: 1 | 2;
  /** Rows seen. */
  seen: number;
  usage: UsageTally;
  together: TogetherTally;
  rows: LatentRowKeeper;
}

/** Codes rows, or reads their codes, and keeps what is to be shown: one pass, memory bounded by atoms × rows kept. */
export async function lookAtRows(
  model: DictionaryModel,
  source: RowSource | undefined,
  options: InspectOptions,
): Promise<Found> {
  const { atoms } = model;
  const sides = sidesOf(model);
  const nested = source?.readItems !== undefined && options.text !== undefined;
  const rows = await readingOfRows(model, source, options);
  const found: Found = {
    by: rows.by,
    coder: rows.coder,
    sides,
    seen: 0,
    usage: new UsageTally(atoms, sides),
    together: new TogetherTally(atoms, source?.rowCount ?? 0),
    rows: new LatentRowKeeper(atoms, sides, {
      top: options.topRows ?? 20,
      spread: options.spreadRows ?? 12,
    }, nested),
  };
  if (source === undefined) return found;
  const offer = nested ? tokenOffer(found, source) : rowOffer(found);
  const give = (touched: readonly number[]) =>
    addTexts(found, source, options, touched);
  for await (const { codes, numbers } of rows.codes()) {
    found.usage.add(codes);
    found.together.add(codes, numbers);
    found.seen += codes.rows;
    await give(await offer.add(codes, numbers));
  }
  await give(offer.rest());
  return found;
}

/** Latents of an atom: 2 where codes have signs, else 1. */
export function sidesOf({ coder }: DictionaryModel): 1 | 2 {
  return coder.nonnegative && coder.candidates === undefined ? 1 : 2;
}

/** What rows use atoms by, and the codes or activations themselves, in stored order. */
export async function readingOfRows(
  model: DictionaryModel,
  source: RowSource | undefined,
  options: InspectOptions,
): Promise<
  StoredReading & { codes(): AsyncGenerator<NumberedCodes> }
> {
  const { codes: file } = options;
  if (file === undefined || source === undefined) {
    const by = options.by ?? DEFAULT_READING;
    const coder = readingInWords(model, by);
    return { by, coder, codes: () => newCodes(model, source!, by, options) };
  }
  const stored = await readingOfStored(model, file, options.by);
  return { ...stored, codes: () => storedCodes(model, source, file, options) };
}

async function* newCodes(
  model: DictionaryModel,
  source: RowSource,
  by: AtomReading,
  options: InspectOptions,
): AsyncGenerator<NumberedCodes> {
  const coder = await readingCoder(model, by, options);
  try {
    const delivery = options.rows;
    const coded = codeRows(source, [coder], { ...options, delivery });
    for await (const { batch, codes: [codes] } of coded) {
      yield { codes, numbers: Float64Array.from(rowNumbersOf(batch)) };
    }
  } finally {
    await coder.close();
  }
}

/** Offers rows to the keeper; gives the numbers of those that hold a place now. */
interface Offer {
  add(codes: Codes, numbers: Float64Array): Promise<number[]> | number[];
  rest(): number[];
}

function rowOffer({ rows }: Found): Offer {
  return {
    add: (codes, numbers) => rows.offer(codes, numbers),
    rest: () => [],
  };
}

// Tokens are offered once those behind them are known.
function tokenOffer({ rows }: Found, source: RowSource): Offer {
  const window = new ContextWindow();
  const offer = (windowed: ReturnType<ContextWindow["rest"]>) => {
    if (windowed === undefined) return [];
    const { codes, numbers, places, start, end } = windowed;
    const around = new Contexts(codes, places);
    return rows.offer(codes, numbers, { start, end, around });
  };
  return {
    async add(codes, numbers) {
      return offer(window.add(codes, numbers, await placesOf(source, numbers)));
    },
    rest: () => offer(window.rest()),
  };
}

/** Where consecutive rows that are tokens stand in their texts. */
export async function placesOf(
  source: RowSource,
  numbers: Float64Array,
): Promise<TextPlaces> {
  const start = numbers[0];
  const end = numbers[numbers.length - 1] + 1;
  const { rows, items } = await source.readItems!({ start, end });
  return {
    rows: numbers.map((number) => rows[number - start]),
    items: Int32Array.from(numbers, (number) => items[number - start]),
  };
}

async function addTexts(
  { rows: { kept } }: Found,
  source: RowSource,
  { text, tokens }: InspectOptions,
  touched: readonly number[],
): Promise<void> {
  if (text === undefined || touched.length === 0) return;
  const column: TextColumn = { column: text, tokens };
  const rising = Float64Array.from(touched).sort();
  const texts = await textsOf(source, column, rising);
  texts.forEach((found, i) => {
    const row = kept.byNumber.get(rising[i]);
    if (row !== undefined) row.text = found;
  });
}
