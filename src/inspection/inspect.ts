import { labelTexts } from "../labels/label.ts";
import { type Codes, EMPTY_SLOT } from "../engine/engine.ts";
import { nearestAtoms } from "../metrics/dictionary.ts";
import {
  createRangeHistograms,
  type RangeHistograms,
} from "../metrics/range.ts";
import type { DictionaryModel } from "../model/model.ts";
import type {
  AtomTable,
  BrowserData,
  NearestAtoms,
  SampleTable,
  TopRows,
} from "../report/data.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import { rowNumbersOf } from "../use/codes.ts";
import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import { textsOf } from "./row_texts.ts";
import { type RowText, TopRowKeeper } from "./top_rows.ts";

/** Bins of an atom's activation histogram. */
const HISTOGRAM_BINS = 32;

/** What {@linkcode inspect} is told. */
export interface InspectOptions extends RunOptions {
  /** The model's name, for headings. */
  name?: string;
  /** The input's column with a text for every row. */
  text?: string;
  /** Rows kept for every atom. 20. */
  topRows?: number;
  /** Nearest atoms found for every atom. 10. */
  nearest?: number;
  /** Which rows; all by default. */
  rows?: Pick<BatchOptions, "range" | "only" | "except">;
}

/**
 * Everything known of every atom, by column: its uses, mean and largest activation, nearest atoms, and the rows that use it
 * most, with their texts and codes. See {@linkcode describeAtom} for one atom and {@linkcode searchAtoms} to find some.
 */
export type Inspection = BrowserData;

/**
 * Looks at a dictionary's atoms: among themselves and, where rows are given, in use. One streamed pass; memory is bounded
 * by atoms × top rows.
 *
 * @param model the dictionary
 * @param source rows to code, or undefined to look at the dictionary alone
 * @param options a text column, how much to keep, the device, an `AbortSignal`
 * @throws {DbksvdError} `data` where rows and model do not fit or the text column is not there
 *
 * @example
 * ```ts
 * import { describeAtom, inspect, rowsFromArray, train } from "@dbksvd/dbksvd";
 * import assert from "node:assert/strict";
 * const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
 * const source = rowsFromArray(rows, 4);
 * const { model } = await train(source, { atoms: 8, sparsity: 2, passes: 2 }, { device: "cpu" });
 * const inspection = await inspect(model, source, { device: "cpu", topRows: 3 });
 * assert(describeAtom(inspection, 0).top.length <= 3);
 * ```
 */
export async function inspect(
  model: DictionaryModel,
  source?: RowSource,
  options: InspectOptions = {},
): Promise<Inspection> {
  const usage = new UsageTally(model.atoms);
  const keeper = new TopRowKeeper(model.atoms, options.topRows ?? 20);
  const rows = source === undefined
    ? 0
    : await look(model, source, options, usage, keeper);
  const samples = sampleTable(keeper, model.coder.sparsity);
  return {
    name: options.name ?? "",
    width: model.width,
    atoms: model.atoms,
    groups: model.groups,
    coder: model.coder,
    toolVersion: model.toolVersion,
    rows,
    source: source && {
      inputs: source.files.map(({ path }) => path),
      textColumn: options.text,
    },
    table: {
      ...usage.table(),
      ...await neighbourhood(model, options),
      labels: labelTexts(model.labels ?? {}),
    },
    samples: samples.table,
    top: topTable(keeper, samples.placeOf),
  };
}

// One pass: tallies, top rows and, for rows that just made it, their texts.
async function look(
  model: DictionaryModel,
  source: RowSource,
  options: InspectOptions,
  usage: UsageTally,
  keeper: TopRowKeeper,
): Promise<number> {
  const coder = await engineCoder(model, options);
  let rows = 0;
  try {
    const delivery = options.rows;
    for await (
      const { batch, codes: [codes] } of codeRows(source, [coder], {
        ...options,
        delivery,
        whole: true,
      })
    ) {
      const numbers = rowNumbersOf(batch);
      usage.add(codes);
      const chosen = keeper.offer(codes, numbers);
      if (options.text !== undefined && chosen.length > 0) {
        await addTexts(source, options.text, chosen, keeper);
      }
      rows += codes.rows;
    }
  } finally {
    await coder.close();
  }
  return rows;
}

async function addTexts(
  source: RowSource,
  column: string,
  rows: number[],
  keeper: TopRowKeeper,
) {
  const rising = Float64Array.from(rows).sort();
  const texts = await textsOf(source, column, rising);
  texts.forEach((text, i) => keeper.kept.get(rising[i])!.text = text);
}

class UsageTally {
  readonly #uses: Uint32Array;
  readonly #sum: Float64Array;
  readonly #most: Float32Array;
  readonly #histograms: RangeHistograms;

  constructor(atoms: number) {
    this.#uses = new Uint32Array(atoms);
    this.#sum = new Float64Array(atoms);
    this.#most = new Float32Array(atoms);
    this.#histograms = createRangeHistograms(atoms, HISTOGRAM_BINS);
  }

  add({ indices, values }: Codes) {
    for (let slot = 0; slot < indices.length; slot++) {
      const atom = indices[slot];
      if (atom === EMPTY_SLOT || values[slot] === 0) continue;
      const size = Math.abs(values[slot]);
      this.#uses[atom]++;
      this.#sum[atom] += size;
      if (size > this.#most[atom]) this.#most[atom] = size;
      this.#histograms.add(atom, values[slot]);
    }
  }

  table(): Pick<
    AtomTable,
    "uses" | "meanActivation" | "maxActivation" | "histograms"
  > {
    const { bins, limits, counts } = this.#histograms;
    return {
      uses: this.#uses,
      meanActivation: Float32Array.from(
        this.#sum,
        (sum, atom) => sum / Math.max(1, this.#uses[atom]),
      ),
      maxActivation: this.#most,
      histograms: { bins, limits, counts },
    };
  }
}

async function neighbourhood(
  model: DictionaryModel,
  { nearest: count = 10, signal }: InspectOptions,
): Promise<{ nearest: NearestAtoms; coherence: Float32Array }> {
  const { atoms } = model;
  const indices = new Uint32Array(atoms * count).fill(EMPTY_SLOT);
  const cosines = new Float32Array(atoms * count);
  const coherence = new Float32Array(atoms);
  const nearest = await nearestAtoms(model, count, signal);
  nearest.forEach((near, atom) => {
    indices.set(near.atoms, atom * count);
    cosines.set(near.similarities, atom * count);
    coherence[atom] = Math.abs(near.similarities[0] ?? 0);
  });
  return { nearest: { count, indices, cosines }, coherence };
}

function sampleTable(keeper: TopRowKeeper, sparsity: number) {
  const kept = [...keeper.kept].sort(([a], [b]) => a - b);
  const indices = new Uint32Array(kept.length * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(kept.length * sparsity);
  const placeOf = new Map<number, number>();
  kept.forEach(([row, sample], place) => {
    placeOf.set(row, place);
    indices.set(sample.indices, place * sparsity);
    values.set(sample.values, place * sparsity);
  });
  const texts: RowText[] = kept.map(([, { text }]) =>
    text ?? { text: "", before: "", after: "" }
  );
  const nested = texts.some(({ before, after }) => before + after !== "");
  const table: SampleTable = {
    rows: Float64Array.from(kept, ([row]) => row),
    texts: texts.map(({ text }) => text),
    ...nested && {
      before: texts.map(({ before }) => before),
      after: texts.map(({ after }) => after),
    },
    residual: Float32Array.from(kept, ([, { residual }]) => residual),
    sparsity,
    indices,
    values,
  };
  return { table, placeOf };
}

function topTable(
  keeper: TopRowKeeper,
  placeOf: Map<number, number>,
): TopRows {
  return {
    perAtom: keeper.perAtom,
    samples: Uint32Array.from(
      keeper.rows,
      (row) => placeOf.get(row) ?? EMPTY_SLOT,
    ),
    values: keeper.values,
  };
}
