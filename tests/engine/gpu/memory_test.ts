import assert from "node:assert/strict";
import type { EngineSpec } from "../../../src/engine/engine.ts";
import { allocate } from "../../../src/engine/gpu/buffers.ts";
import { mostBindings } from "../../../src/engine/gpu/kernels.ts";
import { planGpu } from "../../../src/engine/gpu/plan.ts";
import { tuningFor } from "../../../src/engine/gpu/tuning.ts";
import type { DeviceLimits, GpuDevice } from "../../../src/gpu/device.ts";
import { plainSpec } from "../engines.ts";
import { CARD } from "../../gpu/cards.ts";

/** What WebGPU guarantees of every device, with the memory of a small card. */
const BASELINE: DeviceLimits = {
  binding: 2 ** 27,
  workgroupMemory: 16384,
  workgroupSize: 256,
  storageBuffers: 8,
  memory: 4 * 2 ** 30,
};

const ADAPTERS = {
  nvidia: { name: "NVIDIA H100", software: false },
  software: { name: "llvmpipe", software: true },
  other: { name: "Radeon", software: false },
};

type Kind = keyof typeof ADAPTERS;

function tuned(kind: Kind, limits: DeviceLimits) {
  const adapter = { vendor: "", architecture: "", ...ADAPTERS[kind] };
  return tuningFor(adapter, limits);
}

// Few rows and many in turns: a kind of spec meets both.
function* specs(): Generator<EngineSpec> {
  let made = 0;
  for (const width of [3, 256, 2304]) {
    for (const atoms of [12, 1024, 16384]) {
      for (const sparsity of [1, 4, 64]) {
        if (sparsity > Math.min(atoms, width)) continue;
        for (const changes of kinds(atoms, sparsity)) {
          const rows = made++ % 2 === 0 ? 7 : 4096;
          yield plainSpec({ width, atoms, rows, sparsity }, changes);
        }
      }
    }
  }
}

function kinds(atoms: number, sparsity: number) {
  const weights = new Float32Array(atoms).fill(0.5);
  return [
    {},
    { coder: { nonnegative: true, refine: 2 } },
    {
      powerSteps: 3,
      gram: "f16",
      rows: "f16",
      coder: { method: "mp", tolerance: 0.1, refit: true },
    },
    { exact: true },
    { coder: { weights, selectionRidge: 1 } },
    ...(sparsity < 2 ? [] : [{ groups: [atoms / 4, atoms - atoms / 4] }]),
  ] satisfies Parameters<typeof plainSpec>[1][];
}

// A device that hands out buffers of nothing and adds their sizes up.
function stubDevice(limits: DeviceLimits) {
  const sizes: number[] = [];
  const device = {
    createBuffer: ({ size }: { size: number }) => {
      sizes.push(size);
      return { size, destroy: () => {} };
    },
    pushErrorScope: () => {},
    popErrorScope: () => Promise.resolve(null),
  };
  return { gpu: { device, limits } as unknown as GpuDevice, sizes };
}

function planned(spec: EngineSpec, limits: DeviceLimits, kind: Kind) {
  try {
    return planGpu(spec, limits, tuned(kind, limits));
  } catch {
    return undefined; // Refused, with the numbers: other tests look at that.
  }
}

Deno.test("what a plan says is needed is what is allocated, for every spec of a grid", async () => {
  let compared = 0;
  for (const spec of specs()) {
    for (const kind of Object.keys(ADAPTERS) as Kind[]) {
      for (const limits of [BASELINE, CARD]) {
        const plan = planned(spec, limits, kind);
        if (plan === undefined) continue;
        const { gpu, sizes } = stubDevice(limits);
        const { memory } = await allocate(gpu, spec, plan);
        assert.equal(memory.bytes, plan.needed);
        assert.equal(sizes.reduce((sum, size) => sum + size, 0), plan.needed);
        assert(sizes.every((size) => size <= limits.binding));
        compared++;
      }
    }
  }
  assert(compared > 400, `${compared}`);
});

Deno.test("no stage binds more than the eight storage buffers that WebGPU guarantees, where matrices fit one binding", () => {
  for (const spec of specs()) {
    for (const kind of Object.keys(ADAPTERS) as Kind[]) {
      for (const limits of [BASELINE, CARD]) {
        const plan = planned(spec, { ...limits, storageBuffers: 64 }, kind);
        if (plan === undefined) continue;
        const { search } = plan, tuning = tuned(kind, limits);
        const context = { tuning, search, limits, subgroups: false };
        const most = mostBindings({ context, spec, plan });
        const { kernel, buffers, split } = most;
        assert(buffers <= 8 || split.length > 0, `${kernel} binds ${buffers}`);
      }
    }
  }
});
