import { DbksvdError } from "../errors.ts";
import { codeGroup, codingInput, subtractCodes } from "./reference/coding.ts";
import { layOutGroups } from "./reference/groups.ts";
import { Halves } from "./reference/halves.ts";
import { iterateOnce, type IterationState } from "./reference/iterate.ts";
import { processorName } from "./reference/processor.ts";
import { normaliseRows, rowEnergies } from "./reference/rows.ts";
import { Workspace } from "./reference/workspace.ts";
import { ProgressReporter } from "./progress.ts";
import {
  type Codes,
  EMPTY_SLOT,
  type EngineInfo,
  type EngineOptions,
  type EngineRows,
  type EngineSpec,
  type IterationReport,
  type IterationStep,
} from "./engine.ts";
import type { GroupEngine, SumWay, WorstRows } from "./group_engine.ts";

/** Rows held between passes may take this much host memory; beyond it they are streamed again. */
const HELD_BYTES = 2 ** 31;

/**
 * The engine in plain TypeScript: float32 data, float64 sums. It is what every kernel is held against, and what runs
 * where there is no GPU.
 *
 * @param spec everything fixed for the engine's life
 * @param options who is called with how far a call is
 */
export function createReferenceEngine(
  spec: EngineSpec,
  options: Pick<EngineOptions, "onProgress"> = {},
): Promise<GroupEngine> {
  return Promise.resolve(new CpuEngine(spec, options));
}

class CpuEngine implements GroupEngine {
  readonly info: EngineInfo;
  readonly spec: EngineSpec;
  readonly #held = new Map<number, Float32Array>();
  #heldBytes = 0;
  #dictionary: Float32Array;
  #weights: Float32Array;
  readonly #workspace = new Workspace();
  readonly #progress: ProgressReporter;
  /** Starts of the groups whose Gram of the dictionary as it stands is in the workspace. */
  readonly #grams = new Set<number>();
  #reports: IterationReport[] = [];
  #halves: Halves | undefined;

  constructor(
    spec: EngineSpec,
    { onProgress }: Pick<EngineOptions, "onProgress">,
  ) {
    this.spec = spec;
    this.#progress = new ProgressReporter(onProgress);
    this.info = {
      kind: "cpu",
      name: processorName(),
      software: false,
      details: {},
    };
    this.#dictionary = new Float32Array(spec.atoms * spec.width);
    this.#weights = new Float32Array(spec.atoms);
  }

  loadDictionary(
    dictionary: Float32Array,
    weights?: Float32Array,
  ): Promise<void> {
    this.#dictionary = dictionary.slice();
    this.#weights = weights?.slice() ?? new Float32Array(this.spec.atoms);
    this.#grams.clear();
    return Promise.resolve();
  }

  readDictionary(): Promise<Float32Array> {
    return Promise.resolve(this.#dictionary.slice());
  }

  readWeights(): Promise<Float32Array> {
    return Promise.resolve(this.#weights.slice());
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
    const state = this.#take(rows);
    this.#reports.push(iterateOnce(this.spec, state, rows.rows, step));
    return Promise.resolve();
  }

  begin(
    rows: EngineRows,
    step: IterationStep,
    { sumType, parts }: SumWay,
  ): Promise<void> {
    const state = this.#take(rows);
    const summed = sumType === "f64" ? parts : Uint32Array.of(rows.rows);
    this.#halves = new Halves(this.spec, state, rows.rows, step, summed);
    return Promise.resolve();
  }

  sums(
    from: number,
    to: number,
    previous?: Float32Array | Float64Array,
  ): Promise<Float64Array> {
    return Promise.resolve(this.#halves!.sums(from, to, previous));
  }

  apply(
    from: number,
    to: number,
    sums: Float32Array | Float64Array,
  ): Promise<void> {
    this.#halves!.apply(from, to, sums);
    return Promise.resolve();
  }

  finish(
    worst: number,
  ): Promise<{ report: IterationReport; worst: WorstRows }> {
    return Promise.resolve(this.#halves!.finish(worst));
  }

  replace(atoms: Uint32Array, vectors: Float32Array): Promise<void> {
    const { width: n } = this.spec;
    atoms.forEach((atom, i) => {
      const vector = vectors.subarray(i * n, (i + 1) * n);
      this.#dictionary.set(vector, atom * n);
      this.#weights[atom] = 0;
    });
    return Promise.resolve();
  }

  reports(): Promise<IterationReport[]> {
    const reports = this.#reports;
    this.#reports = [];
    return Promise.resolve(reports);
  }

  encode(
    rows: EngineRows,
    threshold: number | undefined = this.spec.coder.threshold,
  ): Promise<Codes> {
    const { width: n } = this.spec, coder = { ...this.spec.coder, threshold };
    const k = coder.sparsity;
    const { scale } = this.spec.normalisation;
    const residual = this.#residual(rows);
    const energies = rowEnergies(residual, rows.rows, n);
    const indices = new Uint32Array(rows.rows * k).fill(EMPTY_SLOT);
    const values = new Float32Array(rows.rows * k);
    const pursues = coder.method !== "correlations";
    for (const group of layOutGroups(this.spec, k)) {
      const known = this.#grams.has(group.start) ? "known" : "made";
      const input = codingInput(group, {
        dictionary: this.#dictionary,
        rows: residual,
        energies,
        width: n,
        workspace: this.#workspace,
        progress: this.#progress,
      }, pursues ? known : "none");
      this.#grams.add(group.start);
      const codes = codeGroup(input, coder, { ridge: 0, shrink: 0 });
      if (pursues) subtractCodes(input, codes);
      for (let e = 0; e < codes.indices.length; e++) {
        if (codes.indices[e] === EMPTY_SLOT) continue;
        const row = Math.floor(e / group.sparsity);
        const to = row * k + group.slot + e % group.sparsity;
        indices[to] = codes.indices[e] + group.start;
        values[to] = codes.values[e] / scale;
      }
    }
    const left = rowEnergies(residual, rows.rows, n);
    return Promise.resolve({
      rows: rows.rows,
      sparsity: k,
      indices,
      values,
      residual: Float32Array.from(
        left,
        (e, i) => energies[i] > 0 ? e / energies[i] : 0,
      ),
    });
  }

  close(): Promise<void> {
    this.#held.clear();
    return Promise.resolve();
  }

  // Takes an iteration's rows in.
  #take(rows: EngineRows): IterationState {
    const state = this.#state(rows);
    if ("data" in rows) rows.release?.();
    return state;
  }

  #state(rows: EngineRows): IterationState {
    this.#grams.clear();
    return {
      dictionary: this.#dictionary,
      weights: this.#weights,
      residual: this.#residual(rows),
      workspace: this.#workspace,
      progress: this.#progress,
    };
  }

  // The normalised rows, in an array to work in.
  #residual(rows: EngineRows): Float32Array {
    const { width: n, normalisation } = this.spec;
    const room = this.#workspace.array(
      "Float32Array",
      "residual",
      rows.rows * n,
    );
    if ("data" in rows) {
      return normaliseRows(rows.data, rows.rows, n, normalisation, room);
    }
    room.set(this.#heldRows(rows.held));
    return room;
  }

  #heldRows(number: number): Float32Array {
    const held = this.#held.get(number);
    if (held === undefined) {
      throw new DbksvdError(
        "run",
        `No rows are held under number ${number}`,
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
}
