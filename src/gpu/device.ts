import { DbksvdError } from "../errors.ts";

/** What of an adapter's limits a plan may count on; tests lower them. */
export interface DeviceLimits {
  /** Bytes of the largest storage binding. */
  binding: number;
  /** Bytes of workgroup memory. */
  workgroupMemory: number;
  /** Invocations of a workgroup. */
  workgroupSize: number;
  /** Storage buffers a kernel may bind. */
  storageBuffers: number;
  /** Bytes of device memory that may be taken; unknown to WebGPU, so found by trying unless given. */
  memory: number;
}

/** How a device is opened. */
export interface DeviceOptions {
  /** Use subgroup operations where the adapter has them; on by default. */
  subgroups?: boolean | undefined;
  /** Lower limits than the adapter's: what tests use to reach every code path. */
  limits?: Partial<DeviceLimits> | undefined;
  /** Measure device time with timestamp queries where the adapter has them; on by default. */
  timings?: boolean | undefined;
}

/** What an adapter is, for people. */
export interface AdapterSummary {
  name: string;
  vendor: string;
  architecture: string;
  /** True for a driver that computes on the processor. */
  software: boolean;
}

/** An open device: its limits, what it can do, and how it failed if it did. */
export interface GpuDevice {
  readonly device: GPUDevice;
  readonly adapter: AdapterSummary;
  readonly limits: DeviceLimits;
  readonly subgroups: boolean;
  /** Threads of a subgroup, where all have as many. */
  readonly lanes?: number | undefined;
  readonly timestamps: boolean;
  /** Throws what went wrong with the device, if anything did, or that it is closed. */
  check(): void;
  close(): void;
}

/** Where WebGPU does not tell the memory of a device, plans assume this much and allocation has the last word. */
const ASSUMED_MEMORY = 72 * 2 ** 30;

/** A software driver shares the machine's memory with everything else. */
const ASSUMED_SOFTWARE_MEMORY = 4 * 2 ** 30;

/** The subgroup sizes that WebGPU gives where a driver tells none, as OpenGL's do. */
const UNTOLD_SUBGROUPS = { least: 4, most: 128 };

/** Asks for the fastest adapter there is, or `undefined` where there is none that computes reliably. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  askForVulkanAlone();
  try {
    const adapter = await navigator.gpu?.requestAdapter({
      powerPreference: "high-performance",
    });
    return adapter && !throughOpenGl(adapter) ? adapter : undefined;
  } catch {
    return undefined; // A broken driver is no adapter; `doctor` says what to mend.
  }
}

/** The variable by which Deno chooses the interfaces that it opens at the first request for an adapter. */
const BACKEND = "DENO_WEBGPU_BACKEND";

/**
 * On Linux, Deno opens OpenGL beside Vulkan: nothing here uses it, and its loader (libglvnd's libEGL) frees a
 * thread's state twice where that thread ends while the process exits, which aborts the process after its work is
 * done. A choice that the user made stays; where the variable may not be set, all is as Deno has it.
 */
function askForVulkanAlone(): void {
  if (Deno.build.os !== "linux") return;
  const wanted = { name: "env", variable: BACKEND } as const;
  if (Deno.permissions.querySync(wanted).state !== "granted") return;
  if (!Deno.env.has(BACKEND)) Deno.env.set(BACKEND, "vulkan");
}

/**
 * Without a Vulkan driver, WebGPU falls back on OpenGL where it can: kernels hang there, so it counts as no adapter.
 * The adapter does not name its interface; it is known by subgroup sizes that only stand for "unknown".
 */
function throughOpenGl(adapter: Pick<GPUAdapter, "info">): boolean {
  const { subgroupMinSize, subgroupMaxSize } = adapter.info;
  return subgroupMinSize === UNTOLD_SUBGROUPS.least &&
    subgroupMaxSize === UNTOLD_SUBGROUPS.most;
}

/** Names an adapter, and tells whether it is a processor in disguise. */
export function summarise(adapter: GPUAdapter): AdapterSummary {
  const { vendor, architecture, device, description } = adapter.info;
  const fallback =
    (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter ===
      true;
  const name = description || device || vendor || "unknown adapter";
  const software = fallback ||
    /llvmpipe|lavapipe|swiftshader|software/i.test(`${name} ${architecture}`);
  return { name, vendor, architecture, software };
}

/**
 * Opens a device with all that the adapter offers.
 *
 * @throws {DbksvdError} `device`, where there is no adapter or it gives no device
 */
export async function openDevice(
  options: DeviceOptions = {},
): Promise<GpuDevice> {
  const adapter = await findAdapter();
  if (adapter === undefined) {
    throw new DbksvdError("device", "No GPU adapter was found", {
      mend:
        "install a Vulkan driver (`dbksvd doctor` tells which) or use --device cpu",
    });
  }
  const wantsSubgroups = options.subgroups ?? true;
  const timestamps = (options.timings ?? true) &&
    adapter.features.has("timestamp-query");
  const features = timestamps ? ["timestamp-query"] : [];
  let granted = wantsSubgroups;
  let device = wantsSubgroups
    ? await request(adapter, [...features, "subgroups"]).catch(() => undefined)
    : undefined;
  if (device === undefined) {
    granted = false;
    const fresh = await findAdapter(); // An adapter that refused once is spent.
    device = await request(fresh ?? adapter, features).catch((cause) => {
      throw new DbksvdError("device", "The adapter gives no device", {
        mend: "see `dbksvd doctor`, or use --device cpu",
        cause,
      });
    });
  }
  const watched = watch(
    device,
    summarise(adapter),
    granted,
    timestamps,
    options.limits,
  );
  return { ...watched, lanes: granted ? lanesOf(adapter) : undefined };
}

function lanesOf(
  { info: { subgroupMinSize, subgroupMaxSize } }: Pick<GPUAdapter, "info">,
): number | undefined {
  return subgroupMinSize === subgroupMaxSize ? subgroupMinSize : undefined;
}

function request(
  adapter: GPUAdapter,
  features: string[],
): Promise<GPUDevice> {
  const { limits } = adapter;
  return adapter.requestDevice({
    requiredFeatures: features as GPUFeatureName[],
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: Math.min(
        limits.maxStorageBuffersPerShaderStage,
        64,
      ),
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup:
        limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    },
  });
}

function watch(
  device: GPUDevice,
  adapter: AdapterSummary,
  subgroups: boolean,
  timestamps: boolean,
  lowered: Partial<DeviceLimits> = {},
): GpuDevice {
  let failure: DbksvdError | undefined;
  let closed = false;
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failure ??= failureOf((event as GPUUncapturedErrorEvent).error);
  });
  device.lost.then(({ message }) => {
    if (closed) return;
    failure ??= new DbksvdError("device", `The GPU was lost: ${message}`, {
      mend:
        "run again, a training with --resume, and if it repeats with a lower --sample-batch",
    });
  });
  return {
    device,
    adapter,
    subgroups,
    timestamps,
    limits: lowerLimits(device.limits, adapter.software, lowered),
    check: () => {
      if (closed) throw new DbksvdError("run", "The engine is closed");
      if (failure !== undefined) throw failure;
    },
    close: () => {
      closed = true;
      device.destroy();
    },
  };
}

function failureOf(error: GPUError): DbksvdError {
  return error instanceof GPUOutOfMemoryError
    ? new DbksvdError("device", `The GPU is out of memory: ${error.message}`, {
      mend: "lower --sample-batch or --atoms, or use --device cpu",
    })
    : new DbksvdError("device", `The GPU refused work: ${error.message}`, {
      mend: "see `dbksvd doctor`; a training goes on with --resume",
    });
}

function lowerLimits(
  limits: GPUSupportedLimits,
  software: boolean,
  lowered: Partial<DeviceLimits>,
): DeviceLimits {
  const has: DeviceLimits = {
    binding: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    workgroupMemory: limits.maxComputeWorkgroupStorageSize,
    workgroupSize: limits.maxComputeInvocationsPerWorkgroup,
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
    memory: software ? ASSUMED_SOFTWARE_MEMORY : ASSUMED_MEMORY,
  };
  for (const name of Object.keys(has) as (keyof DeviceLimits)[]) {
    has[name] = Math.min(has[name], lowered[name] ?? Infinity);
  }
  has.binding -= has.binding % 256;
  return has;
}
