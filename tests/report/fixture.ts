import { courseOf } from "../../src/report/course.ts";
import type { ReportData } from "../../src/report/data.ts";
import { createRangeHistograms } from "../../src/metrics/range.ts";
import { randomStream } from "../../src/random.ts";
import type { DictionaryModel, MetricsLine } from "../../src/model/model.ts";

/** Text that breaks out of HTML, scripts, comments and JSON where it is not escaped. */
export const HOSTILE =
  `<script>globalThis.broken = 1</script><img src=x onerror="globalThis.broken=2">--></script><!--\u2028\u2029\u202e\u0000 "'&\\ 😀 a\u0301`;

/** A dictionary of random unit atoms with plausible usage. */
export function fixtureModel(
  atoms: number,
  width: number,
  groups: readonly number[] = [atoms],
): DictionaryModel {
  const random = randomStream(0, "report fixture", atoms);
  const dictionary = new Float32Array(atoms * width);
  const usage = new Uint32Array(atoms);
  for (let atom = 0; atom < atoms; atom++) {
    let length = 0;
    for (let d = 0; d < width; d++) {
      const value = random.normal();
      dictionary[atom * width + d] = value;
      length += value * value;
    }
    for (let d = 0; d < width; d++) {
      dictionary[atom * width + d] /= Math.sqrt(length);
    }
    usage[atom] = atom % 40 === 7
      ? 0
      : Math.ceil(Math.exp(4.5 + 1.2 * random.normal()));
  }
  return {
    width,
    atoms,
    dictionary,
    mean: new Float32Array(width),
    scale: 1,
    usage,
    groups,
    coder: {
      method: "omp",
      sparsity: 8,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    seed: 0,
    toolVersion: "0.1.0",
  };
}

/** The lines of a training that goes well. */
export function fixtureLines(iterations: number): MetricsLine[] {
  const random = randomStream(0, "report lines");
  return Array.from({ length: iterations }, (_, i) => {
    const fvu = 0.14 + 0.4 * Math.exp(-i / iterations * 6) +
      0.004 * random.normal();
    return {
      iteration: i,
      pass: Math.floor(i * 5 / iterations),
      rowsSeen: (i + 1) * 9000,
      codingFvu: fvu,
      updatedFvu: fvu * 0.93,
      l0: 8,
      atomBatch: 16,
      deadAtoms: Math.round(20 * Math.exp(-i / iterations * 5)),
      duplicates: 1,
      replaced: Math.round(21 * Math.exp(-i / iterations * 5)),
      milliseconds: 210,
      stages: { correlate: 41, gram: 3.5, omp: 88, residual: 20, update: 57 },
      ...(i % 5 === 4 ? { validationFvu: fvu * 0.98 + 0.01 } : {}),
    };
  });
}

/** A report's data with every section filled, for a dictionary of any size. */
export async function fixtureReport(
  { atoms = 512, width = 32, iterations = 60, name = "dbksvd-model" } = {},
): Promise<ReportData> {
  const groups = [atoms / 4, atoms / 4, atoms / 2];
  const random = randomStream(0, "report values");
  const values = createRangeHistograms(1, 128);
  for (let i = 0; i < 20_000; i++) {
    values.add(0, random.normal() * 2 + (random.uniform() < 0.6 ? 3 : -3));
  }
  return {
    name,
    model: fixtureModel(atoms, width, groups),
    config: {
      formatVersion: 1,
      toolVersion: "0.1.0",
      parameters: { atoms, sparsity: 8, coder: "omp", matryoshka: groups },
      inputs: [{ path: "rows/a.parquet", rows: 10_000, bytes: 3_900_000 }],
      column: "embedding",
      rows: { read: 10_000, training: 9000, heldOut: 1000, dropped: {} },
      device: {
        kind: "gpu",
        name: "NVIDIA H100",
        software: false,
        details: { subgroups: true },
      },
      seconds: 14.2,
      heldOut: { fvu: 0.1534, l0: 8 },
    },
    course: await courseOf(fixtureLines(iterations)),
    evaluation: {
      rowsName: "held-out rows",
      rows: 1000,
      metrics: { fvu: 0.1534, explained_variance: 0.8466, l0: 7.98 },
      values: {
        low: -values.limits[0],
        high: values.limits[0],
        counts: values.counts,
      },
      nonzeros: Uint32Array.from([2, 0, 1, 3, 5, 9, 30, 150, 800]),
      prefixes: groups.map((_, i) => ({
        groups: i + 1,
        atoms: groups.slice(0, i + 1).reduce((a, b) => a + b),
        rows: 1000,
        fvu: 0.5 / (i + 1),
        explained_variance: 1 - 0.5 / (i + 1),
        explained_variance_legacy: 0.7,
        mse: 3,
        cosine_similarity: 0.8 + i / 20,
        l2_ratio: 0.9,
        relative_reconstruction_bias: 1,
        l0: 2 * (i + 1),
        l0_positive: i + 1,
        zero_rows: 0,
      })),
    },
    coherence: Float32Array.from(
      { length: atoms },
      () => Math.min(0.99, Math.abs(0.45 + 0.12 * random.normal())),
    ),
    history: [0.21, 0.18, 0.19, 0.165].map((fvu, i) => ({
      version: `v${i}`,
      when: `2026-01-0${i + 1}T00:00:00Z`,
      fvu,
      ...(i > 0 ? { drift: 0.1 / i } : {}),
      accepted: i !== 2,
    })),
  };
}
