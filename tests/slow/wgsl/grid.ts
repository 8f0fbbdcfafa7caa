import { trainerSources } from "../../../src/autoencoder/gpu/kernels.ts";
import { layOutTrainer } from "../../../src/autoencoder/gpu/plan.ts";
import type { AutoencoderSpec } from "../../../src/autoencoder/layout.ts";
import type { EngineSpec } from "../../../src/engine/engine.ts";
import { kernelIncludes } from "../../../src/engine/gpu/includes.ts";
import { kernelSources } from "../../../src/engine/gpu/kernels.ts";
import { layOut } from "../../../src/engine/gpu/plan.ts";
import type { KernelContext } from "../../../src/engine/gpu/stages/common.ts";
import { holdingKernels } from "../../../src/engine/gpu/stages/rows.ts";
import {
  type Tuning,
  tuningFor,
  TUNINGS,
} from "../../../src/engine/gpu/tuning.ts";
import type { DeviceLimits } from "../../../src/gpu/device.ts";
import { type KernelSource, kernelText } from "../../../src/gpu/kernel.ts";
import { matrixShape } from "../../../src/gpu/matrix.ts";
import { plainSpec } from "../../engine/engines.ts";

/** Limits of a large card, of the least that drivers in use offer, and so low that matrices and factors are split. */
const LIMITS: DeviceLimits[] = [
  {
    binding: 2 ** 31 - 256,
    workgroupMemory: 49152,
    workgroupSize: 1024,
    storageBuffers: 64,
    memory: 72 * 2 ** 30,
  },
  {
    binding: 2 ** 27,
    workgroupMemory: 16384,
    workgroupSize: 256,
    storageBuffers: 8,
    memory: 4e9,
  },
  {
    binding: 2 ** 16,
    workgroupMemory: 1200,
    workgroupSize: 32,
    storageBuffers: 64,
    memory: 4e9,
  },
];

/** Without subgroups, with subgroups of a known size and of an unknown one. */
const WAVES = [
  { subgroups: false, lanes: undefined },
  { subgroups: true, lanes: 32 },
  { subgroups: true, lanes: undefined },
];

/** What besides the search makes texts differ. */
const SEARCHES: Partial<Tuning>[] = [
  { search: "floats", pruned: false },
  { search: "floats", pruned: true },
  { search: "verified", pruned: false, denseUses: 0, residualSlice: 8 },
  { search: "verified", pruned: true, pursuitElements: 0 },
];

/**
 * The texts that engines compile for every class of adapters, form, search, limit and kind of coding, each of them
 * once.
 */
export function gridTexts(): { name: string; code: string }[] {
  const texts = new Map<string, string>();
  for (const kind of Object.keys(TUNINGS) as (keyof typeof TUNINGS)[]) {
    for (const limits of LIMITS) {
      for (const search of SEARCHES) {
        const changes = { ...TUNINGS[kind], ...search };
        const tuning = tuningFor(ADAPTER, limits, changes);
        for (const spec of specs()) {
          for (const waves of WAVES) {
            addTexts(texts, spec, { limits, tuning, ...waves });
          }
        }
        for (const waves of WAVES) {
          addTrainings(texts, { search: "floats", limits, tuning, ...waves });
        }
      }
    }
  }
  return Array.from(texts, ([code, name]) => ({ name, code }));
}

const ADAPTER = { name: "", vendor: "", architecture: "", software: false };

function specs(): EngineSpec[] {
  const sizes = { width: 101, atoms: 661, rows: 300, sparsity: 36 };
  const groups = [200, 461];
  const weights = Float32Array.from(
    { length: sizes.atoms },
    (_, j) => 1 / (1 + j % 2),
  );
  return [
    plainSpec(sizes, { coder: { method: "omp" } }),
    plainSpec(sizes, {
      groups,
      rows: "f16",
      coder: { method: "omp", nonnegative: true, refine: 1 },
    }),
    plainSpec(sizes, {
      coder: {
        method: "omp",
        selectionRidge: 0.5,
        weights,
        candidates: "positive",
      },
    }),
    plainSpec(sizes, {
      powerSteps: 2,
      gram: "f16",
      coder: { method: "mp", refit: true },
    }),
    plainSpec({ ...sizes, sparsity: 5 }, {
      exact: true,
      coder: { method: "mp", nonnegative: true },
    }),
  ];
}

/** Autoencoders whose rows have k active latents each, or share them; levels, and matrices in parts, among them. */
const TRAININGS: AutoencoderSpec[] = (["row", "batch"] as const)
  .map((selection) => ({
    ...{ width: 101, latents: 9661, sparsity: 36, batch: 300, selection },
    levels: Uint32Array.from({ length: 9661 }, (_, j) => j < 300 ? 0 : 1),
    learnsDecoder: true,
  }));

function addTrainings(texts: Map<string, string>, context: KernelContext) {
  for (const spec of TRAININGS) {
    const plan = layOutTrainer(spec, context.limits, context.tuning);
    const sources: KernelSource[] = Object.values(
      trainerSources(context, spec, plan),
    ).filter((source) => source !== undefined);
    for (const source of sources) {
      texts.set(kernelText(source, kernelIncludes).code, source.name);
    }
  }
}

function addTexts(
  texts: Map<string, string>,
  spec: EngineSpec,
  { limits, tuning, subgroups, lanes }: {
    limits: DeviceLimits;
    tuning: Tuning;
    subgroups: boolean;
    lanes?: number | undefined;
  },
): void {
  for (const form of ["gram", "product", "correlations"] as const) {
    if (form !== "gram" && spec.coder.refine) continue; // Refinement needs a Gram.
    const plan = layOut(spec, limits, tuning, form);
    const context = { tuning, search: plan.search, limits, subgroups, lanes };
    const element = spec.rows === "f16" ? "vec2<u32>" : "vec4<f32>";
    const { rows, stride } = plan.rows;
    const H = matrixShape(rows, stride, element, limits.binding);
    const sources = [
      ...kernelSources({ context, spec, plan }).map(({ source }) => source),
      ...Object.values(holdingKernels(context, spec, { H, Y: plan.rows })),
    ];
    for (const source of sources) {
      texts.set(kernelText(source, kernelIncludes).code, source.name);
    }
  }
}
