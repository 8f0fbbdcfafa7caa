// Makes an engine of more than a GiB where another device has taken all memory but a little.
import { createGpuEngine } from "../../src/engine/gpu/gpu.ts";
import { DbksvdError } from "../../src/errors.ts";
import { openDevice } from "../../src/gpu/device.ts";

const WIDTH = 1024, ATOMS = 1024;

const { device } = await openDevice();
let last: GPUBuffer | undefined;
for (;;) {
  device.pushErrorScope("out-of-memory");
  const usage = GPUBufferUsage.STORAGE;
  const buffer = device.createBuffer({ size: 2 ** 28, usage });
  if (await device.popErrorScope() !== null) break;
  last = buffer;
}
// The little: a device takes some by itself.
last?.destroy();
try {
  await createGpuEngine({
    width: WIDTH,
    atoms: ATOMS,
    groups: [ATOMS],
    coder: {
      method: "omp",
      sparsity: 8,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    normalisation: { mean: new Float32Array(WIDTH), scale: 1 },
    sampleBatch: 2 ** 18,
    powerSteps: 1,
    exact: false,
    gram: "f32",
    rows: "f32",
  });
} catch (error) {
  console.error((error as Error).message);
  Deno.exitCode = error instanceof DbksvdError ? error.exitCode : 99;
}
