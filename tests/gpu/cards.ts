import type { DeviceLimits } from "../../src/gpu/device.ts";

/** The limits of a large card, as its driver gives them. */
export const CARD: DeviceLimits = {
  binding: 2 ** 31 - 256,
  workgroupMemory: 49152,
  workgroupSize: 1024,
  storageBuffers: 64,
  memory: 72 * 2 ** 30,
};
