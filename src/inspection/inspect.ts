import { EMPTY_SLOT } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { labelTexts } from "../labels/label.ts";
import { nearestAtoms } from "../metrics/dictionary.ts";
import { mostNonzeros } from "../model/coder.ts";
import type { DictionaryModel } from "../model/model.ts";
import type {
  BrowserData,
  LatentRows,
  NearestAtoms,
  SampleTable,
} from "../report/data.ts";
import type { RowSource } from "../rows/source.ts";
import { INSPECT_OPTIONS, type InspectOptions } from "./options.ts";
import { atomLogits } from "./logits/logits.ts";
import { picturesOf } from "./pictures/pictures.ts";
import { type Found, lookAtRows } from "./look.ts";
import type { KeptRows, RankedRows } from "./latent_rows.ts";
import { requireKnownOptions } from "../unknown_options.ts";

/** Atoms named that fire together with each. */
const TOGETHER = 10;

/**
 * Everything known of every atom, by column: its uses, mean and largest activation, nearest atoms, and the rows that
 * use it most, with their texts and codes. See {@linkcode describeAtom} for one atom and {@linkcode searchAtoms} to
 * find some.
 */
export type Inspection = BrowserData;

/**
 * Looks at a dictionary's atoms: among themselves and, where rows are given, in use. One streamed pass; memory is
 * bounded by atoms × rows kept.
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
  requireKnownOptions(options, INSPECT_OPTIONS, "inspect()");
  const found = await lookAtRows(model, source, options);
  const samples = sampleTable(found.rows.kept, mostNonzeros(model.coder));
  const shown = { samples: samples.table, ...rowsOf(found, samples.placeOf) };
  const { image } = options;
  return {
    name: options.name ?? "",
    width: model.width,
    atoms: model.atoms,
    groups: model.groups,
    by: found.by,
    coder: found.coder,
    toolVersion: model.toolVersion,
    rows: found.seen,
    source: source && {
      inputs: source.files.map(({ path }) => path),
      textColumn: options.text,
    },
    ...source !== undefined && image !== undefined && {
      pictures: await picturesOf(source, shown, pictureOptions(options, image)),
    },
    sides: found.sides,
    table: {
      ...found.usage.table(),
      ...await neighbourhood(model, options),
      labels: labelTexts(model.labels ?? {}),
    },
    ...shown,
    ...found.seen > 0 && { together: found.together.table(TOGETHER) },
    ...options.unembed !== undefined && {
      logits: await atomLogits(model, { ...options, ...unembedding(options) }),
    },
  };
}

function pictureOptions(options: InspectOptions, image: string) {
  const { onProgress, ...others } = options;
  return {
    ...{ ...others, image },
    onProgress: (rows: number, total: number) =>
      onProgress?.({ rows, total, phase: "pictures" }),
  };
}

// Progress counts rows alone.
function unembedding({ unembed, tokens }: InspectOptions) {
  if (unembed !== undefined && tokens !== undefined) {
    return { unembed, tokens, onProgress: undefined };
  }
  throw new DbksvdError("usage", "Tokens of the unembedding have no names", {
    mend: "give `tokens` with `unembed`",
  });
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

function sampleTable({ byNumber }: KeptRows, fewest: number) {
  const kept = [...byNumber].sort(([a], [b]) => a - b);
  // Another tool's encoder gives rows any number of latents.
  const sparsity = kept.reduce(
    (most, [, { indices }]) => Math.max(most, indices.length),
    fewest,
  );
  const indices = new Uint32Array(kept.length * sparsity).fill(EMPTY_SLOT);
  const values = new Float32Array(kept.length * sparsity);
  const placeOf = new Map<number, number>();
  kept.forEach(([row, sample], place) => {
    placeOf.set(row, place);
    indices.set(sample.indices, place * sparsity);
    values.set(sample.values, place * sparsity);
  });
  const texts = kept.map(([, { text }]) =>
    text ?? { text: "", before: "", after: "" }
  );
  const nested = texts.some(({ tokens }) => tokens !== undefined);
  const table: SampleTable = {
    rows: Float64Array.from(kept, ([row]) => row),
    texts: texts.map(({ text }) => text),
    ...nested && {
      before: texts.map(({ before }) => before),
      after: texts.map(({ after }) => after),
      tokens: texts.map(({ tokens, text }) => tokens ?? [text]),
      at: Uint8Array.from(texts, ({ at }) => at ?? 0),
    },
    residual: Float32Array.from(kept, ([, { residual }]) => residual),
    sparsity,
    indices,
    values,
  };
  return { table, placeOf };
}

function rowsOf(
  { rows: { top, spread } }: Found,
  placeOf: ReadonlyMap<number, number>,
): { top: LatentRows; spread: LatentRows } {
  return {
    top: latentRows(top, placeOf),
    spread: byValue(latentRows(spread, placeOf)),
  };
}

function latentRows(
  { perLatent, rows, values, contexts }: RankedRows,
  placeOf: ReadonlyMap<number, number>,
): LatentRows {
  const samples = Uint32Array.from(
    rows,
    (row) => placeOf.get(row) ?? EMPTY_SLOT,
  );
  return { perLatent, samples, values, ...contexts && { contexts } };
}

// Rows that were drawn evenly, strongest first: what a reader goes through from the top down.
function byValue(drawn: LatentRows): LatentRows {
  const { perLatent, samples, values, contexts } = drawn;
  const width = (contexts?.length ?? 0) / Math.max(1, samples.length);
  const sorted: LatentRows = {
    perLatent,
    samples: samples.slice(),
    values: values.slice(),
    ...contexts && { contexts: contexts.slice() },
  };
  for (let first = 0; first < samples.length; first += perLatent) {
    const order = Array.from({ length: perLatent }, (_, place) => first + place)
      .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
    order.forEach((from, place) => {
      const to = first + place;
      sorted.samples[to] = samples[from];
      sorted.values[to] = values[from];
      if (contexts === undefined) return;
      sorted.contexts!.set(
        contexts.subarray(from * width, (from + 1) * width),
        to * width,
      );
    });
  }
  return sorted;
}
