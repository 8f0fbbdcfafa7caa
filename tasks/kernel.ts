// Prints a kernel as the driver gets it: its template filled in for a problem's sizes and a class of adapters.
// usage: deno task kernel NAME [--as nvidia|software|other] [--n 2304] [--m 4096] [--k 20] [--rows 65536] [--coder mp]
//        [--standard, with the lines in front that hosts other than Deno want]
import { parseArgs } from "node:util";
import { trainerSources } from "../src/autoencoder/gpu/kernels.ts";
import { layOutTrainer } from "../src/autoencoder/gpu/plan.ts";
import type { AutoencoderSpec } from "../src/autoencoder/layout.ts";
import { STEP_ROWS } from "../src/autoencoder/train.ts";
import { specOf } from "../src/bench/spec.ts";
import type { EngineSpec } from "../src/engine/engine.ts";
import { kernelIncludes } from "../src/engine/gpu/includes.ts";
import { kernelSources } from "../src/engine/gpu/kernels.ts";
import { layOut } from "../src/engine/gpu/plan.ts";
import type { CodingForm } from "../src/engine/gpu/layout.ts";
import type { KernelContext } from "../src/engine/gpu/stages/common.ts";
import { foldKernel } from "../src/engine/gpu/stages/fold.ts";
import { holdingKernels } from "../src/engine/gpu/stages/rows.ts";
import { type Tuning, tuningFor } from "../src/engine/gpu/tuning.ts";
import { DbksvdError } from "../src/errors.ts";
import type { DeviceLimits } from "../src/gpu/device.ts";
import { type KernelSource, kernelText } from "../src/gpu/kernel.ts";
import { matrixShape } from "../src/gpu/matrix.ts";
import { standardText } from "../src/gpu/standard.ts";

/** A class of adapters, by an example: what its kernels are written for. */
interface Example {
  name: string;
  software: boolean;
  /** Threads of a subgroup; where left out, the driver does not say beforehand. */
  lanes?: number;
  limits: DeviceLimits;
}

const EXAMPLES: Record<string, Example> = {
  nvidia: {
    name: "NVIDIA H100 80GB HBM3",
    software: false,
    lanes: 32,
    limits: {
      binding: 2 ** 31 - 256,
      workgroupMemory: 49152,
      workgroupSize: 1024,
      storageBuffers: 64,
      memory: 72 * 2 ** 30,
    },
  },
  software: {
    name: "llvmpipe",
    software: true,
    lanes: 8,
    limits: {
      binding: 2 ** 27,
      workgroupMemory: 32768,
      workgroupSize: 1024,
      storageBuffers: 32,
      memory: 72 * 2 ** 30,
    },
  },
  other: {
    name: "a card with 8 GiB",
    software: false,
    limits: {
      binding: 2 ** 30,
      workgroupMemory: 32768,
      workgroupSize: 256,
      storageBuffers: 16,
      memory: 8 * 2 ** 30,
    },
  },
};

/** What a kernel is printed for. */
export interface KernelRequest {
  as: string;
  n: number;
  m: number;
  k: number;
  rows: number;
  coder: "omp" | "mp";
}

/** What to change of the plain problem, one after the other, until the kernel asked for takes part in it. */
const OCCASIONS: {
  spec?: Partial<EngineSpec>;
  tuning?: Partial<Tuning>;
  form?: CodingForm;
}[] = [
  {},
  { spec: { rows: "f16" } },
  { spec: { powerSteps: 2 } },
  { spec: { exact: true } },
  { form: "product" },
  { form: "correlations" },
  { tuning: { denseUses: 0 } },
  { tuning: { residualSlice: 8 } },
  { tuning: { search: "verified" } },
];

/**
 * The texts of a kernel that an engine for this problem compiles: one, or several where stages differ by a value.
 *
 * @param name a kernel's name (`omp`), or that of one of its uses (`countBatches`)
 * @throws {DbksvdError} `usage`, where there is no such kernel or class of adapters
 */
export function kernelCodes(
  name: string,
  request: KernelRequest,
): { key: string; code: string }[] {
  const known = new Set<string>();
  for (const coder of [request.coder, "omp", "mp"] as const) {
    for (const refine of [0, 1]) {
      for (const occasion of OCCASIONS) {
        const all = sourcesOf({ ...request, coder }, refine, occasion);
        const found = all.filter(({ key, source }) =>
          key === name || source.name === name
        );
        if (found.length > 0) return distinctTexts(found);
        all.forEach(({ source }) => known.add(source.name));
      }
    }
  }
  throw new DbksvdError("usage", `There is no kernel "${name}"`, {
    mend: `take one of ${[...known].sort().join(", ")}`,
  });
}

function sourcesOf(
  { as, n, m, k, rows, coder }: KernelRequest,
  refine: number,
  occasion: typeof OCCASIONS[number],
): { key: string; source: KernelSource }[] {
  const example = EXAMPLES[as];
  if (example === undefined) {
    throw new DbksvdError("usage", `There is no class of adapters "${as}"`, {
      mend: `take one of ${Object.keys(EXAMPLES).join(", ")}`,
    });
  }
  const { limits, lanes, ...adapter } = example;
  const unknown = { vendor: "", architecture: "" };
  const tuning = tuningFor(
    { ...unknown, ...adapter },
    limits,
    occasion.tuning,
  );
  const size = { n, m, k, rows };
  const spec = { ...specOf(size, coder, "f32", refine), ...occasion.spec };
  const plan = layOut(spec, limits, tuning, occasion.form ?? "gram");
  const { search } = plan;
  const context = { tuning, search, limits, subgroups: true, lanes };
  const element = spec.rows === "f16" ? "vec2<u32>" : "vec4<f32>";
  const { stride } = plan.rows;
  const held = matrixShape(rows, stride, element, limits.binding);
  const holding = holdingKernels(context, spec, { H: held, Y: plan.rows });
  const setup = { context, spec, plan };
  return [
    ...kernelSources(setup),
    ...trainingSources(context, size),
    { key: "fold", source: foldKernel(setup) },
    ...Object.entries(holding).map(([key, source]) => ({ key, source })),
  ];
}

// Those that train an autoencoder with as many latents, of which rows of a step share the active ones.
function trainingSources(
  context: KernelContext,
  { n, m, k }: { n: number; m: number; k: number },
): { key: string; source: KernelSource }[] {
  const spec: AutoencoderSpec = {
    ...{ width: n, latents: m, sparsity: k, batch: STEP_ROWS },
    ...{ selection: "batch", levels: new Uint32Array(m), learnsDecoder: true },
  };
  const plan = layOutTrainer(spec, context.limits, context.tuning);
  return Object.entries(trainerSources(context, spec, plan))
    .flatMap(([key, source]) => source === undefined ? [] : [{ key, source }]);
}

function distinctTexts(
  found: { key: string; source: KernelSource }[],
): { key: string; code: string }[] {
  const texts = new Map<string, string>();
  for (const { key, source } of found) {
    const { code } = kernelText(source, kernelIncludes);
    if (!texts.has(code)) texts.set(code, key);
  }
  return Array.from(texts, ([code, key]) => ({ key, code }));
}

function main(): void {
  const { values, positionals: [name] } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      as: { type: "string", default: "nvidia" },
      n: { type: "string", default: "2304" },
      m: { type: "string", default: "4096" },
      k: { type: "string", default: "20" },
      rows: { type: "string", default: "65536" },
      coder: { type: "string", default: "omp" },
      standard: { type: "boolean", default: false },
    },
  });
  if (name === undefined) {
    throw new DbksvdError("usage", "No kernel is named", {
      mend:
        "say which: deno task kernel omp --as nvidia --n 2304 --m 4096 --k 20",
    });
  }
  const codes = kernelCodes(name, {
    as: values.as,
    n: Number(values.n),
    m: Number(values.m),
    k: Number(values.k),
    rows: Number(values.rows),
    coder: values.coder === "mp" ? "mp" : "omp",
  });
  for (const { key, code } of codes) {
    if (codes.length > 1) console.log(`// ---- ${key}`);
    console.log(values.standard ? standardText(code) : code);
  }
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(`kernel: ${error.message}`);
    Deno.exit(2);
  }
}
