import {
  type AdapterSummary,
  findAdapter,
  openDevice,
  summarise,
} from "./device.ts";

/** Something that keeps a GPU from being used, or from being used well, and what to do about it. */
export interface DeviceProblem {
  what: string;
  mend: string;
}

/** What a machine's GPU is and can do, as `doctor` tells it. */
export interface DeviceProbe {
  /** True where the GPU engine can run on a real GPU. */
  ok: boolean;
  adapter?: AdapterSummary & {
    features: string[];
    subgroups: boolean;
    timestamps: boolean;
    limits: Record<string, number>;
  };
  problems: DeviceProblem[];
}

/** The limits that decide what fits and how fast it goes. */
const TOLD_LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBuffersPerShaderStage",
] as const;

/** A binding under this splits dictionaries of common sizes. */
const COMFORTABLE_BINDING = 1 << 30;

/** Looks at the adapter, opens a device and lists what is amiss; never throws. */
export async function probeDevice(): Promise<DeviceProbe> {
  const adapter = await findAdapter();
  if (adapter === undefined) {
    return { ok: false, problems: [noAdapter()] };
  }
  const summary = summarise(adapter);
  const problems = summary.software ? [softwareOnly(summary.name)] : [];
  const features = [...adapter.features].sort();
  const limits = Object.fromEntries(
    TOLD_LIMITS.map((name) => [name, adapter.limits[name]]),
  );
  try {
    const gpu = await openDevice();
    const { subgroups, timestamps } = gpu;
    gpu.close();
    problems.push(...lacks(summary, limits, subgroups, timestamps));
    return {
      ok: !summary.software,
      adapter: { ...summary, features, subgroups, timestamps, limits },
      problems,
    };
  } catch (error) {
    problems.push({
      what: error instanceof Error ? error.message : String(error),
      mend: "update the driver, or use --device cpu",
    });
    return {
      ok: false,
      adapter: {
        ...summary,
        features,
        subgroups: false,
        timestamps: false,
        limits,
      },
      problems,
    };
  }
}

function noAdapter(): DeviceProblem {
  const mend = Deno.build.os === "linux"
    ? "install the GPU's Vulkan driver and the loader (Debian: apt-get install libvulkan1, and for NVIDIA its driver with the Vulkan ICD; in a container set NVIDIA_DRIVER_CAPABILITIES=all), or go on with --device cpu"
    : "update the GPU's driver, or go on with --device cpu";
  return { what: "No GPU adapter was found", mend };
}

function softwareOnly(name: string): DeviceProblem {
  return {
    what: `The only adapter, ${name}, computes on the processor`,
    mend:
      "install the GPU's Vulkan driver, or point VK_DRIVER_FILES at its ICD file; --device auto takes the CPU engine here",
  };
}

function lacks(
  summary: AdapterSummary,
  limits: Record<string, number>,
  subgroups: boolean,
  timestamps: boolean,
): DeviceProblem[] {
  if (summary.software) return [];
  const problems: DeviceProblem[] = [];
  if (!subgroups) {
    problems.push({
      what: "The device grants no subgroup operations",
      mend:
        "nothing to do: slower reductions are used; a newer driver may help",
    });
  }
  if (!timestamps) {
    problems.push({
      what: "The device has no timestamp queries",
      mend: "nothing to do: times by stage are not reported",
    });
  }
  if (limits.maxStorageBufferBindingSize < COMFORTABLE_BINDING) {
    problems.push({
      what: `One binding holds ${limits.maxStorageBufferBindingSize} bytes`,
      mend: "nothing to do: large matrices are split; a newer driver may help",
    });
  }
  return problems;
}
