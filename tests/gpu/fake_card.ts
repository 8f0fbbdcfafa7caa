import type { DeviceLimits } from "../../src/gpu/device.ts";
import { CARD } from "./cards.ts";

/** What the fake card is called. */
export const FAKE_CARD = "A card";

/**
 * Work on a machine whose one GPU is a card that says these limits of itself. Memory can be planned for it; nothing
 * else is there. Threads of their own see the machine as it is.
 */
export async function withCard<T>(
  changes: Partial<Omit<DeviceLimits, "memory">>,
  work: () => Promise<T>,
): Promise<T> {
  const has = { ...CARD, ...changes };
  const limits = {
    maxBufferSize: has.binding,
    maxStorageBufferBindingSize: has.binding,
    maxStorageBuffersPerShaderStage: has.storageBuffers,
    maxComputeWorkgroupStorageSize: has.workgroupMemory,
    maxComputeInvocationsPerWorkgroup: has.workgroupSize,
    maxComputeWorkgroupSizeX: has.workgroupSize,
  };
  const device = {
    limits,
    lost: new Promise(() => {}),
    addEventListener: () => {},
    createBuffer: () => ({ destroy: () => {} }),
    destroy: () => {},
  };
  const adapter = {
    limits,
    features: new Set(),
    info: {
      ...{ vendor: "", architecture: "", device: "", description: FAKE_CARD },
      ...{ subgroupMinSize: 32, subgroupMaxSize: 32 },
    },
    requestDevice: () => Promise.resolve(device),
  };
  const { gpu } = navigator, { requestAdapter } = gpu;
  gpu.requestAdapter = () => Promise.resolve(adapter as unknown as GPUAdapter);
  try {
    return await work();
  } finally {
    gpu.requestAdapter = requestAdapter;
  }
}
