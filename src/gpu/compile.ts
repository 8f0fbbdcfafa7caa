import { DbksvdError } from "../errors.ts";
import type { KernelText } from "./kernel.ts";

/** Bytes of a uniform block: at most 16 parameters. */
export const UNIFORM_BYTES = 64;

/** A kernel ready to run. */
export interface Kernel extends KernelText {
  id: number;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/**
 * Makes a kernel's pipeline: its uniform block is binding 0, its buffers follow.
 *
 * @throws {DbksvdError} `device`, where the driver refuses it
 */
export async function compileText(
  device: GPUDevice,
  text: KernelText,
): Promise<{ pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }> {
  device.pushErrorScope("validation");
  const storage = text.bindings.flatMap(({ access, parts }) =>
    Array.from({ length: parts }, () => access)
  );
  const layout = device.createBindGroupLayout({
    entries: [
      {
        binding: 0,
        visibility: GPUShaderStage.COMPUTE,
        buffer: {
          type: "uniform",
          hasDynamicOffset: true,
          minBindingSize: UNIFORM_BYTES,
        },
      },
      ...storage.map((access, i): GPUBindGroupLayoutEntry => ({
        binding: i + 1,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === "read" ? "read-only-storage" : "storage" },
      })),
    ],
  });
  const module = device.createShaderModule({
    code: text.code,
    label: text.name,
  });
  const scope = device.popErrorScope();
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: text.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const error = await scope;
    if (error) throw new Error(error.message);
    return { pipeline, layout };
  } catch (cause) {
    const reason = (await scope)?.message ?? String(cause);
    throw new DbksvdError(
      "device",
      `The driver refuses kernel "${text.name}": ${reason}`,
      { mend: "see `dbksvd doctor`, or use --device cpu", cause },
    );
  }
}
