// Loaded before a test file: keeps every text that is given to createShaderModule, a file each, in the folder
// $KERNEL_TEXTS.
import { keepText } from "./keep.ts";

const folder = Deno.env.get("KERNEL_TEXTS")!;
const compile = GPUDevice.prototype.createShaderModule;

GPUDevice.prototype.createShaderModule = function (descriptor) {
  keepText(folder, descriptor.label ?? "kernel", descriptor.code);
  return compile.call(this, descriptor);
};
