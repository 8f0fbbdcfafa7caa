import { cpus } from "node:os";
import { DbksvdError } from "../errors.ts";
import { duplicateAtoms, replaceByWorstRows } from "./cpu/housekeeping.ts";
import { atomLists } from "./cpu/lists.ts";
import { gram, multiplyTransposed } from "./cpu/products.ts";
import { Pursuit } from "./cpu/pursuit.ts";
import { normaliseRows, rowEnergies, total } from "./cpu/rows.ts";
import { updateAtoms } from "./cpu/update.ts";
import {
  type Codes,
  EMPTY_SLOT,
  type Engine,
  type EngineInfo,
  type EngineRows,
  type EngineSpec,
  groupSparsities,
  type IterationReport,
  type IterationStep,
} from "./engine.ts";

/** Rows held between passes may take this much host memory; beyond it they are streamed again. */
const HELD_BYTES = 2 ** 31;

/** Correlations are computed for this many rows at a time. */
const CODING_CHUNK = 1024;

interface Group {
  /** First atom. */
  start: number;
  atoms: number;
  sparsity: number;
  /** First code slot of a row. */
  slot: number;
}

interface GroupCodes {
  indices: Uint32Array;
  values: Float32Array;
}

/**
 * The engine in plain TypeScript: float32 data, float64 sums. It is what every kernel is held against, and what runs
 * where there is no GPU.
 *
 * @param spec everything fixed for the engine's life
 */
export function createCpuEngine(spec: EngineSpec): Promise<Engine> {
  return Promise.resolve(new CpuEngine(spec));
}

class CpuEngine implements Engine {
  readonly info: EngineInfo;
  readonly spec: EngineSpec;
  readonly #groups: Group[];
  readonly #held = new Map<number, Float32Array>();
  #heldBytes = 0;
  #dictionary: Float32Array;
  #reports: IterationReport[] = [];

  constructor(spec: EngineSpec) {
    this.spec = spec;
    this.info = {
      kind: "cpu",
      name: cpus()[0]?.model ?? "unknown processor",
      software: false,
      details: {},
    };
    this.#dictionary = new Float32Array(spec.atoms * spec.width);
    this.#groups = layOutGroups(spec);
  }

  loadDictionary(dictionary: Float32Array): Promise<void> {
    this.#dictionary = dictionary.slice();
    return Promise.resolve();
  }

  readDictionary(): Promise<Float32Array> {
    return Promise.resolve(this.#dictionary.slice());
  }

  holdRows(
    rows: { data: Float32Array; rows: number },
  ): Promise<number | undefined> {
    const bytes = rows.rows * this.spec.width * 4;
    if (this.#heldBytes + bytes > HELD_BYTES) return Promise.resolve(undefined);
    this.#heldBytes += bytes;
    this.#held.set(this.#held.size, this.#normalise(rows));
    return Promise.resolve(this.#held.size - 1);
  }

  iterate(rows: EngineRows, step: IterationStep): Promise<void> {
    const start = performance.now();
    const { width: n, atoms: m } = this.spec;
    const residual = this.#normalised(rows).slice();
    const energies = rowEnergies(residual, rows.rows, n);
    const report: IterationReport = {
      rows: rows.rows,
      energy: total(energies),
      codingError: 0,
      updatedError: 0,
      nonzeros: 0,
      usage: new Uint32Array(m),
      duplicates: new Uint32Array(0),
      milliseconds: 0,
      stages: {},
    };
    const duplicates: number[] = [];
    let fallen = 0;
    for (const group of this.#groups) {
      const dictionary = this.#groupDictionary(group);
      const g = new Float32Array(group.atoms * group.atoms);
      timed(report, "gram", () => gram(dictionary, group.atoms, n, g));
      const codes = timed(
        report,
        this.spec.coder.method,
        () => this.#code(group, dictionary, g, residual, energies, step.ridge),
      );
      timed(
        report,
        "residual",
        () => this.#subtract(group, dictionary, codes, residual),
      );
      const lists = timed(
        report,
        "lists",
        () => atomLists(codes.indices, group.atoms),
      );
      const usage = differences(lists.starts);
      report.usage.set(usage, group.start);
      report.nonzeros += lists.slots.length;
      for (const atom of duplicateAtoms(g, group.atoms, usage)) {
        duplicates.push(group.start + atom);
      }
      const before = total(rowEnergies(residual, rows.rows, n));
      timed(report, "update", () => {
        const state = {
          dictionary,
          residual,
          values: codes.values,
          lists,
          width: n,
          sparsity: group.sparsity,
        };
        for (const batch of atomBatches(step, group)) {
          updateAtoms(state, batch, {
            powerSteps: this.spec.powerSteps,
            exact: this.spec.exact,
            nonnegative: this.spec.coder.nonnegative,
          });
        }
      });
      fallen += before - total(rowEnergies(residual, rows.rows, n));
    }
    const errors = rowEnergies(residual, rows.rows, n);
    report.updatedError = total(errors);
    report.codingError = report.updatedError + fallen;
    report.duplicates = Uint32Array.from(duplicates);
    replaceByWorstRows(this.#dictionary, step.replace, residual, errors, n);
    report.milliseconds = performance.now() - start;
    this.#reports.push(report);
    return Promise.resolve();
  }

  reports(): Promise<IterationReport[]> {
    const reports = this.#reports;
    this.#reports = [];
    return Promise.resolve(reports);
  }

  encode(rows: EngineRows): Promise<Codes> {
    const { width: n, coder: { sparsity } } = this.spec;
    const { scale } = this.spec.normalisation;
    const residual = this.#normalised(rows).slice();
    const energies = rowEnergies(residual, rows.rows, n);
    const indices = new Uint32Array(rows.rows * sparsity).fill(EMPTY_SLOT);
    const values = new Float32Array(rows.rows * sparsity);
    for (const group of this.#groups) {
      const dictionary = this.#groupDictionary(group);
      const g = new Float32Array(group.atoms * group.atoms);
      gram(dictionary, group.atoms, n, g);
      const codes = this.#code(group, dictionary, g, residual, energies, 0);
      this.#subtract(group, dictionary, codes, residual);
      for (let i = 0; i < rows.rows; i++) {
        for (let s = 0; s < group.sparsity; s++) {
          const from = i * group.sparsity + s,
            to = i * sparsity + group.slot + s;
          if (codes.indices[from] === EMPTY_SLOT) continue;
          indices[to] = codes.indices[from] + group.start;
          values[to] = codes.values[from] / scale;
        }
      }
    }
    const left = rowEnergies(residual, rows.rows, n);
    const shares = Float32Array.from(
      left,
      (e, i) => energies[i] > 0 ? e / energies[i] : 0,
    );
    return Promise.resolve({
      rows: rows.rows,
      sparsity,
      indices,
      values,
      residual: shares,
    });
  }

  close(): Promise<void> {
    this.#held.clear();
    return Promise.resolve();
  }

  #normalised(rows: EngineRows): Float32Array {
    if ("data" in rows) return this.#normalise(rows);
    const held = this.#held.get(rows.held);
    if (held === undefined) {
      throw new DbksvdError(
        "run",
        `No rows are held under number ${rows.held}`,
      );
    }
    return held;
  }

  #normalise(rows: { data: Float32Array; rows: number }): Float32Array {
    return normaliseRows(
      rows.data,
      rows.rows,
      this.spec.width,
      this.spec.normalisation,
    );
  }

  #groupDictionary(group: Group): Float32Array {
    const n = this.spec.width;
    return this.#dictionary.subarray(
      group.start * n,
      (group.start + group.atoms) * n,
    );
  }

  #code(
    group: Group,
    dictionary: Float32Array,
    g: Float32Array,
    rows: Float32Array,
    energies: Float64Array,
    ridge: number,
  ): GroupCodes {
    const { width: n, coder } = this.spec;
    const { atoms: m, sparsity: k } = group;
    const count = energies.length;
    const indices = new Uint32Array(count * k);
    const values = new Float32Array(count * k);
    const pursuit = new Pursuit(g, m, { ...coder, sparsity: k, ridge });
    const current = group.start === 0 ? energies : rowEnergies(rows, count, n);
    const correlations = new Float32Array(CODING_CHUNK * m);
    for (let first = 0; first < count; first += CODING_CHUNK) {
      const chunk = Math.min(CODING_CHUNK, count - first);
      multiplyTransposed(
        rows.subarray(first * n, (first + chunk) * n),
        chunk,
        dictionary,
        m,
        n,
        correlations,
      );
      for (let i = 0; i < chunk; i++) {
        const row = first + i;
        pursuit.run(
          correlations.subarray(i * m, (i + 1) * m),
          current[row],
          coder.tolerance ** 2 * energies[row],
          indices.subarray(row * k, (row + 1) * k),
          values.subarray(row * k, (row + 1) * k),
        );
      }
    }
    return { indices, values };
  }

  // R ← R − X·D over one group.
  #subtract(
    group: Group,
    dictionary: Float32Array,
    codes: GroupCodes,
    residual: Float32Array,
  ): void {
    const n = this.spec.width, k = group.sparsity;
    const left = new Float64Array(n);
    for (
      let first = 0, row = 0;
      first < codes.indices.length;
      first += k, row += n
    ) {
      left.set(residual.subarray(row, row + n));
      for (let e = first; e < first + k; e++) {
        if (codes.indices[e] === EMPTY_SLOT) break;
        const value = codes.values[e], atom = codes.indices[e] * n;
        for (let p = 0; p < n; p++) left[p] -= value * dictionary[atom + p];
      }
      residual.set(left, row);
    }
  }
}

function layOutGroups(spec: EngineSpec): Group[] {
  const shares = groupSparsities(spec.groups, spec.coder.sparsity);
  let start = 0, slot = 0;
  return spec.groups.map((atoms, g) => {
    const group = { start, atoms, sparsity: shares[g], slot };
    start += atoms;
    slot += shares[g];
    return group;
  });
}

// The atom batches of one group, as indices within the group: runs of `atomBatch` in the given order.
function* atomBatches(
  step: IterationStep,
  group: Group,
): Generator<Uint32Array> {
  const order = step.order.subarray(group.start, group.start + group.atoms);
  for (let b = 0; b < order.length; b += step.atomBatch) {
    yield order.slice(b, b + step.atomBatch).map((atom) => atom - group.start);
  }
}

function differences(starts: Uint32Array): Uint32Array {
  return Uint32Array.from(
    { length: starts.length - 1 },
    (_, j) => starts[j + 1] - starts[j],
  );
}

function timed<T>(report: IterationReport, stage: string, work: () => T): T {
  const start = performance.now();
  const result = work();
  report.stages[stage] = (report.stages[stage] ?? 0) + performance.now() -
    start;
  return result;
}
