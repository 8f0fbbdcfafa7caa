import { EMPTY_SLOT } from "../engine/engine.ts";
import type { AtomLogits, BrowserData, SampleTable } from "./data.ts";
import { layoutAtoms } from "./layout.ts";
import { packPart } from "./pack.ts";

// A row's page names this many atoms; the rest it sums up.
const MOST_SLOTS = 32;
const INT16_MAX = 32767;

/** The browser's data as texts for the page: what every view needs, the rows, and the rows' codes. */
export function browserParts(
  data: BrowserData,
): Record<string, string> {
  return {
    atoms: packAtoms(data),
    rows: packPart({
      texts: data.samples.texts,
      before: data.samples.before,
      after: data.samples.after,
      tokens: data.samples.tokens,
    }, {
      numbers: data.samples.rows,
      residual: data.samples.residual,
      ...data.samples.at && { at: data.samples.at },
      ...data.pictures && { pictureOffsets: data.pictures.offsets },
      topSamples: data.top.samples,
      topValues: data.top.values,
      spreadSamples: data.spread.samples,
      spreadValues: data.spread.values,
      ...data.top.contexts && { topContexts: data.top.contexts },
      ...data.spread.contexts && { spreadContexts: data.spread.contexts },
    }),
    codes: packCodes(data.samples, data.atoms),
    ...data.logits && { logits: packLogits(data.logits) },
    ...data.pictures && {
      pictures: packPart({}, { bytes: data.pictures.bytes }),
    },
  };
}

function packAtoms(data: BrowserData): string {
  const { table } = data;
  const { histograms, nearest } = table;
  const positions = table.positions ??
    (nearest.count > 0 && data.atoms > 2
      ? layoutAtoms(data.atoms, nearest)
      : undefined);
  return packPart({
    name: data.name,
    width: data.width,
    atoms: data.atoms,
    groups: data.groups,
    by: data.by,
    coder: data.coder,
    toolVersion: data.toolVersion,
    rows: data.rows,
    source: data.source,
    labels: table.labels,
    classes: table.classes && packClasses(table.classes),
    unembedding: data.logits?.unembedding,
    pictureSize: data.pictures?.size,
    captions: data.pictures?.column !== data.source?.textColumn,
    sides: data.sides,
    topRows: data.top.perLatent,
    spreadRows: data.spread.perLatent,
    togetherCount: data.together?.count ?? 0,
    nearestCount: nearest.count,
    histogramBins: histograms?.bins ?? 0,
  }, {
    uses: table.uses,
    meanActivation: table.meanActivation,
    maxActivation: table.maxActivation,
    coherence: table.coherence,
    nearest: nearest.indices,
    cosines: nearest.cosines,
    latentUses: table.latents.uses,
    latentMaxima: table.latents.maxActivation,
    ...data.together && {
      together: data.together.indices,
      togetherShares: data.together.shares,
    },
    ...(histograms === undefined ? {} : {
      histogramLimits: histograms.limits,
      histogramCounts: histograms.counts,
    }),
    ...(positions === undefined ? {} : { positions }),
  });
}

function packLogits({ count, texts, ...ends }: AtomLogits): string {
  const { promoted, suppressed } = ends;
  return packPart({ count, texts }, {
    promoted: promoted.tokens,
    promotedLogits: promoted.logits,
    suppressed: suppressed.tokens,
    suppressedLogits: suppressed.logits,
  });
}

/**
 * Codes, strongest first and cut to the strongest few, values as 16-bit shares of the row's largest: what a page shows
 * needs no more, and 16 384 atoms × 20 rows stay small enough to open at once.
 */
function packCodes(samples: SampleTable, atoms: number): string {
  const rows = samples.rows.length;
  const slots = Math.min(samples.sparsity, MOST_SLOTS);
  const indices = atoms < 0xFFFF
    ? new Uint16Array(rows * slots).fill(0xFFFF)
    : new Uint32Array(rows * slots).fill(EMPTY_SLOT);
  const values = new Int16Array(rows * slots);
  const largest = new Float32Array(rows);
  const nonzeros = new Uint16Array(rows);
  const energy = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const order = strongestFirst(samples, row);
    nonzeros[row] = order.length;
    if (order.length === 0) continue;
    largest[row] = Math.abs(samples.values[order[0]]);
    for (const slot of order) energy[row] += samples.values[slot] ** 2;
    for (let s = 0; s < Math.min(slots, order.length); s++) {
      indices[row * slots + s] = samples.indices[order[s]];
      values[row * slots + s] = Math.round(
        samples.values[order[s]] / largest[row] * INT16_MAX,
      );
    }
  }
  return packPart({ slots }, { indices, values, largest, nonzeros, energy });
}

function strongestFirst(samples: SampleTable, row: number): number[] {
  const { sparsity, indices, values } = samples;
  const used: number[] = [];
  for (let slot = row * sparsity; slot < (row + 1) * sparsity; slot++) {
    if (indices[slot] !== EMPTY_SLOT && values[slot] !== 0) used.push(slot);
  }
  return used.sort((a, b) =>
    Math.abs(values[b]) - Math.abs(values[a]) || a - b
  );
}

// What a page shows of the classes that atoms tell.
function packClasses(
  classes: NonNullable<BrowserData["table"]["classes"]>,
): Record<string, string[]> {
  const shown = (value: number) => value.toFixed(2);
  return Object.fromEntries(
    Object.entries(classes).map(([atom, found]) => [
      atom,
      found.map((one) =>
        `${one.label}: ${one.class} (${one.sign === "+" ? "+" : "−"}), F1 ${
          shown(one.f1)
        }, precision ${shown(one.precision)}, recall ${shown(one.recall)}`
      ),
    ]),
  );
}
