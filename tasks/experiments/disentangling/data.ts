import { join } from "node:path";
import { openRows } from "../../../src/rows/open.ts";
import { chooseRows } from "../../../src/rows/row_set.ts";
import { rowsFromArray } from "../../../src/rows/memory.ts";
import type { RowSet, RowSource } from "../../../src/rows/source.ts";
import { randomStream } from "../../../src/random.ts";
import { SAMPLE } from "../generalisation.ts";

/** Rows with classes, and the dictionaries that are learned from those that are not of the test. */
export interface LabelledSet {
  name: string;
  atoms: number;
  sparsity: number;
  /** Four nested groups, as Matryoshka SAEs have them. */
  nested: readonly number[];
  data: Float32Array;
  width: number;
  /** The columns of classes. */
  classes: Readonly<Record<string, readonly (string | string[] | null)[]>>;
  /** The word of each row, where rows are of words. */
  texts?: readonly string[];
  /** Rows that no dictionary is trained on. */
  test: RowSet;
  /** The tokens of the test's texts, where rows are activations that a model can go on from. */
  testTexts?: readonly number[][];
}

/** Share of the rows, or of their texts, in the test. */
const TEST_SHARE = 0.25;

async function readJson(directory: string, name: string) {
  const path = join(directory, name);
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`There is no ${path}: run deno task experiments:data`);
  }
}

/** A data set by its name. */
export async function labelledSet(
  name: string,
  directory: string,
): Promise<LabelledSet> {
  switch (name) {
    case "words":
      return await words(directory);
    case "tokens":
      return await tokens(directory);
    case "planted":
      return planted();
    default:
      throw new Error(`No set "${name}": there are words, tokens, planted`);
  }
}

/** The sample's words: part of speech, lexicographer class, number and sentiment. */
async function words(directory: string): Promise<LabelledSet> {
  const source = await openRows([SAMPLE]);
  const range = { start: 0, end: source.rowCount };
  const [{ values }] = await source.readColumns!(["word"], range);
  const data = await source.read(range);
  await source.close();
  const known = await readJson(directory, "words.json") as Record<
    string,
    Record<string, string | null>
  >;
  const column = (name: string) =>
    values.map((word) => known[String(word)]?.[name] ?? null);
  const names = ["pos", "lexname", "number", "sentiment"];
  return {
    ...{ name: "words", atoms: 512, sparsity: 8, width: source.width, data },
    ...{ nested: [64, 64, 128, 256] },
    classes: Object.fromEntries(names.map((name) => [name, column(name)])),
    texts: values.map(String),
    test: someOf(range.end, "words"),
  };
}

/** Tokens of a transformer's residual stream, the test's of other texts. */
async function tokens(directory: string): Promise<LabelledSet> {
  const width = 512;
  const rows = await readJson(directory, "tokens.json") as Record<
    string,
    string | null
  >[];
  const bytes = await Deno.readFile(join(directory, "tokens.f32"));
  const names = [
    ...["pos", "lexname", "number", "sentiment"],
    ...["text_pos", "text_lexname"],
  ];
  const texts = someOf(Number(rows.at(-1)!.text) + 1, "texts");
  const has = (row: number) => texts.has(Number(rows[row].text));
  const ids = await readJson(directory, "texts.json") as number[][];
  return {
    ...{ name: "tokens", atoms: 512, sparsity: 16, width },
    ...{ nested: [64, 64, 128, 256] },
    data: new Float32Array(bytes.buffer),
    classes: Object.fromEntries(
      names.map((name) => [name, rows.map((row) => row[name])]),
    ),
    texts: rows.map((row) => String(row.word)),
    test: { size: rows.filter((_, row) => has(row)).length, has },
    testTexts: ids.filter((_, text) => texts.has(text)),
  };
}

/** General concepts with children, whose truth is known: two rows in three of a concept are of one of its children. */
function planted(): LabelledSet {
  const concepts = 12, children = 8, others = 300, width = 128, rows = 16_000;
  const random = randomStream(1, "planted concepts");
  const atoms = Array.from(
    { length: concepts * (1 + children) + others },
    () => {
      const atom = Float64Array.from({ length: width }, () => random.normal());
      const length = Math.hypot(...atom);
      return atom.map((v) => v / length);
    },
  );
  const data = new Float32Array(rows * width);
  const concept: string[][] = [], child: string[][] = [];
  for (let row = 0; row < rows; row++) {
    const add = (atom: number, value: number) => {
      for (let p = 0; p < width; p++) {
        data[row * width + p] += value * atoms[atom][p];
      }
    };
    concept.push([]);
    child.push([]);
    for (let each = 0; each < 2; each++) {
      const c = random.integer(concepts);
      if (concept[row].includes(`concept ${c}`)) continue;
      concept[row].push(`concept ${c}`);
      add(c, 1 + random.uniform());
      if (random.uniform() > 2 / 3) continue;
      const own = random.integer(children);
      child[row].push(`child ${c}.${own}`);
      add(concepts + c * children + own, 1 + random.uniform());
    }
    for (let each = 0; each < 4; each++) {
      const first = concepts * (1 + children);
      add(first + random.integer(others), 0.5 + random.uniform());
    }
    for (let p = 0; p < width; p++) {
      data[row * width + p] += 0.05 * random.normal();
    }
  }
  return {
    ...{ name: "planted", atoms: 512, sparsity: 8, width, data },
    ...{ nested: [64, 64, 128, 256] },
    classes: { concept, child },
    test: someOf(rows, "planted"),
  };
}

/** The rows of a set, with its classes as columns. */
export function sourceOf(set: LabelledSet): RowSource {
  const source = rowsFromArray(set.data, set.width);
  return {
    width: set.width,
    rowCount: source.rowCount,
    files: source.files,
    dropped: source.dropped,
    batches: (size, options) => source.batches(size, options),
    read: (range) => source.read(range),
    readColumns: (names, { start, end }) =>
      Promise.resolve(names.map((name) => ({
        name,
        schema: [],
        values: set.classes[name].slice(start, end),
      }))),
    close: () => source.close(),
    [Symbol.asyncDispose]: () => source.close(),
  };
}

/** The rows that dictionaries are trained on. */
export function trainingRows(set: LabelledSet): Float32Array<ArrayBuffer> {
  return rowsThat(set, (row) => !set.test.has(row));
}

/** The rows that nothing is trained on. */
export function testRows(set: LabelledSet): Float32Array<ArrayBuffer> {
  return rowsThat(set, (row) => set.test.has(row));
}

function rowsThat(
  { data, width }: LabelledSet,
  take: (row: number) => boolean,
): Float32Array<ArrayBuffer> {
  const kept = Array.from({ length: data.length / width }, (_, row) => row)
    .filter(take);
  const rows = new Float32Array(kept.length * width);
  kept.forEach((row, i) =>
    rows.set(data.subarray(row * width, (row + 1) * width), i * width)
  );
  return rows;
}

function someOf(count: number, what: string): RowSet {
  return chooseRows(
    count,
    Math.round(TEST_SHARE * count),
    randomStream(1, "test", what),
  );
}
