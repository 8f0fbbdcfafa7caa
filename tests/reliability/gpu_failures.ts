// GPU engines whose device a test may break, as drivers, other programs and cables do.
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { createGpuEngine } from "../../src/engine/gpu/gpu.ts";

/**
 * Makes GPU engines. Before reports are read after so many iterations, over all of them, something is done to their
 * device.
 *
 * @param harm what is done
 */
export function harmedAt(
  iterations: number,
  harm: (device: GPUDevice) => void,
) {
  let given = 0;
  return async (spec: EngineSpec): Promise<Engine> => {
    const [engine, device] = await withDevice(() => createGpuEngine(spec));
    const iterate = engine.iterate.bind(engine);
    engine.iterate = (rows, step) => (given++, iterate(rows, step));
    const reports = engine.reports.bind(engine);
    engine.reports = () => {
      if (given === iterations) harm(device);
      return reports();
    };
    return engine;
  };
}

/** Gives the device that is opened meanwhile too: no engine shows its own. */
async function withDevice(
  make: () => Promise<Engine>,
): Promise<[Engine, GPUDevice]> {
  const { requestDevice } = GPUAdapter.prototype;
  let device: GPUDevice | undefined;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    return device = await requestDevice.call(this, descriptor);
  };
  try {
    return [await make(), device!];
  } finally {
    GPUAdapter.prototype.requestDevice = requestDevice;
  }
}

/** Takes the device away: every later use of it fails. */
export function lose(device: GPUDevice): void {
  device.destroy();
}

/** Dispatches more workgroups than a device may: the whole command buffer is refused. */
export function dispatchTooMany(device: GPUDevice): void {
  const code = "@compute @workgroup_size(1) fn main() {}";
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }) },
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.dispatchWorkgroups(device.limits.maxComputeWorkgroupsPerDimension + 1);
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/**
 * Takes memory until there is none: at most 64 times as much as a buffer may have. It goes with the device, which by
 * itself would give it back when JavaScript's garbage is collected.
 */
export function takeAllMemory(device: GPUDevice): void {
  const size = device.limits.maxBufferSize - 255;
  const taken = Array.from({ length: 64 }, () =>
    device.createBuffer({
      size: size - size % 256,
      usage: GPUBufferUsage.STORAGE,
    }));
  const destroy = device.destroy.bind(device);
  device.destroy = () => {
    taken.forEach((buffer) => buffer.destroy());
    destroy();
  };
}
