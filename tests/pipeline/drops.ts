import { parquetWriteFile } from "hyparquet-writer";
import { join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { PipelineConfig } from "../../src/pipeline/config.ts";
import { runPipeline } from "../../src/pipeline/run.ts";
import { permutation, randomStream } from "../../src/random.ts";

/** Rows' width in these tests. */
export const WIDTH = 16;

/** Data with a known dictionary that drifts a little with every drop, and whose atoms are not used alike. */
export class DriftingData {
  #atoms: Float64Array;
  readonly #drift: Float64Array;
  readonly #order: Uint32Array;

  constructor(
    readonly seed: number,
    readonly shape: { width: number; atoms: number; sparsity: number } = {
      width: WIDTH,
      atoms: 32,
      sparsity: 3,
    },
  ) {
    const { width, atoms } = shape;
    const random = randomStream(seed, "truth");
    const normals = () =>
      Float64Array.from({ length: atoms * width }, () => random.normal());
    this.#atoms = unitRows(normals(), width);
    this.#drift = normals();
    this.#order = permutation(atoms, random);
  }

  /** The rows of one drop: its atoms a step further on, its uses a place further on. */
  drop(day: number, rows: number): Float32Array {
    const { width, atoms, sparsity } = this.shape;
    const random = randomStream(this.seed, "drop", day);
    const step = 0.02 * day / Math.sqrt(width);
    const truth = unitRows(
      this.#atoms.map((value, i) => value + step * this.#drift[i]),
      width,
    );
    const weights = Array.from(
      this.#order,
      (rank) => (1 + (rank + day) % atoms) ** -0.7,
    );
    const data = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      for (const atom of draw(weights, sparsity, random)) {
        const sign = random.uniform() < 0.5 ? -1 : 1;
        const value = sign * (1 + random.uniform());
        for (let p = 0; p < width; p++) {
          data[row * width + p] += value * truth[atom * width + p];
        }
      }
      for (let p = 0; p < width; p++) {
        data[row * width + p] += 0.1 * random.normal();
      }
    }
    return data;
  }
}

function draw(
  weights: readonly number[],
  count: number,
  random: { uniform(): number },
): Set<number> {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = new Set<number>();
  while (chosen.size < count) {
    let at = random.uniform() * total;
    const atom = weights.findIndex((weight) => (at -= weight) < 0);
    if (atom >= 0) chosen.add(atom);
  }
  return chosen;
}

function unitRows(values: Float64Array, width: number): Float64Array {
  for (let start = 0; start < values.length; start += width) {
    let squares = 0;
    for (let i = start; i < start + width; i++) squares += values[i] ** 2;
    for (let i = start; i < start + width; i++) values[i] /= Math.sqrt(squares);
  }
  return values;
}

/** Rows without any structure: what a broken exporter might write. */
export function noiseRows(seed: number, rows: number, width = WIDTH) {
  const random = randomStream(seed, "noise");
  return Float32Array.from(
    { length: rows * width },
    () => 2 * random.normal(),
  );
}

/** Writes rows as a Parquet file with one column of lists, whole or not at all, as a careful exporter does. */
export function writeDrop(
  path: string,
  data: Float32Array,
  width = WIDTH,
  column = "embedding",
) {
  const rows = Array.from(
    { length: data.length / width },
    (_, row) => Array.from(data.subarray(row * width, (row + 1) * width)),
  );
  parquetWriteFile({
    filename: `${path}.part`,
    columnData: [{ name: column, data: rows }],
    schema: [
      { name: "root", num_children: 1 },
      {
        name: column,
        repetition_type: "OPTIONAL",
        converted_type: "LIST",
        num_children: 1,
      },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "FLOAT", repetition_type: "OPTIONAL" },
    ],
  });
  Deno.renameSync(`${path}.part`, path);
}

/** A pipeline in a folder of its own, on the CPU engine. */
export class TestPipeline {
  readonly config: PipelineConfig;

  private constructor(
    readonly folder: string,
    change: Partial<PipelineConfig>,
  ) {
    this.config = {
      inputs: ["in/*.parquet"],
      root: "pipe",
      settle: 0,
      train: {
        atoms: 32,
        sparsity: 3,
        passes: 2,
        device: "cpu",
      },
      ...change,
    };
  }

  static async create(
    change: Partial<PipelineConfig> = {},
  ): Promise<TestPipeline> {
    const folder = await Deno.makeTempDir({ prefix: "dbksvd-pipeline-" });
    await Deno.mkdir(join(folder, "in"));
    return new TestPipeline(folder, change);
  }

  /** The path of an input. */
  input(name: string): string {
    return join(this.folder, "in", name);
  }

  /** A path under the root. */
  root(...parts: string[]): string {
    return join(this.folder, "pipe", ...parts);
  }

  run(options: Parameters<typeof runPipeline>[1] = {}) {
    return runPipeline(this.config, {
      base: this.folder,
      createEngine: createReferenceEngine,
      retry: { attempts: 3, wait: () => 1, spanMs: 2000 },
      ...options,
    });
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.folder, { recursive: true });
  }
}
