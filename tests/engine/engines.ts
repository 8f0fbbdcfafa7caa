import { createCpuEngine } from "../../src/engine/cpu.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { Codes, Engine, EngineSpec } from "../../src/engine/engine.ts";
import { createGpuEngine, type GpuEngine } from "../../src/engine/gpu/gpu.ts";

/** An engine that the suite holds to the same behaviour. */
export interface EngineUnderTest {
  name: string;
  create(spec: EngineSpec): Promise<Engine>;
  /** In which type it sums what ranks that share an iteration add up: only float64 sums are by the rows' parts. */
  sums: "float32" | "float64";
  /** The codes that the last iteration's update left, where the engine shows them. */
  updatedCodes?(engine: Engine, rows: number): Promise<Codes>;
}

/** Every engine there is. Where no adapter can be had the GPU's tests fail: they must not pass by not running. */
export function enginesUnderTest(): EngineUnderTest[] {
  return [
    {
      name: "reference",
      create: createReferenceEngine,
      sums: "float64",
    },
    {
      name: "cpu",
      create: (spec) => createCpuEngine(spec),
      sums: "float64",
    },
    {
      name: "gpu",
      sums: "float32",
      create: (spec) => createGpuEngine(spec),
      updatedCodes: (engine, rows) => (engine as GpuEngine).readCodes(rows),
    },
  ];
}

/** A spec with everything at rest: one group, no centring, OMP. */
export function plainSpec(
  sizes: { width: number; atoms: number; rows: number; sparsity: number },
  changes: Partial<Omit<EngineSpec, "coder">> & {
    coder?: Partial<EngineSpec["coder"]>;
  } = {},
): EngineSpec {
  const { coder, ...rest } = changes;
  return {
    width: sizes.width,
    atoms: sizes.atoms,
    groups: [sizes.atoms],
    normalisation: { mean: new Float32Array(sizes.width), scale: 1 },
    sampleBatch: sizes.rows,
    powerSteps: 1,
    exact: false,
    gram: "f32",
    rows: "f32",
    ...rest,
    coder: {
      method: "omp",
      sparsity: sizes.sparsity,
      nonnegative: false,
      tolerance: 0,
      refit: false,
      ...coder,
    },
  };
}

/** Runs something on a fresh engine that holds a dictionary, and closes the engine. */
export async function withEngine<T>(
  { create }: EngineUnderTest,
  spec: EngineSpec,
  dictionary: Float32Array,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await create(spec);
  try {
    await engine.loadDictionary(dictionary);
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** The codes of rows, rows × width, by an engine that is made for them. */
export function encodedBy(
  engine: EngineUnderTest,
  spec: EngineSpec,
  dictionary: Float32Array,
  data: Float32Array<ArrayBuffer>,
): Promise<Codes> {
  return withEngine(
    engine,
    spec,
    dictionary,
    // A copy: an engine may take the buffer with it.
    (e) => e.encode({ data: data.slice(), rows: data.length / spec.width }),
  );
}
