import { DbksvdError } from "../errors.ts";
import type { GpuDevice } from "./device.ts";
import { compileText, type Kernel, UNIFORM_BYTES } from "./compile.ts";
import { type KernelSource, kernelText } from "./kernel.ts";
import type { Matrix } from "./matrix.ts";
import { StageClock } from "./stage_clock.ts";

/** What a kernel's bindings are bound to. */
export type Bound = GPUBuffer | Matrix;

/** Work done since the runner was made. */
export interface RunnerCounters {
  dispatches: number;
  submits: number;
  bytesUploaded: number;
  bytesReadBack: number;
}

/** Uniform blocks of one command buffer; more work than this is submitted in pieces. */
const UNIFORM_SLOTS = 2048;

/** Workgroups along x when a flat grid is folded into two dimensions. */
const GRID_WIDTH = 32768;

/** Records kernels into command buffers and submits them: the one way that work reaches the device. */
export class Runner {
  readonly counters: RunnerCounters = {
    dispatches: 0,
    submits: 0,
    bytesUploaded: 0,
    bytesReadBack: 0,
  };
  readonly clock: StageClock;
  readonly #gpu: GpuDevice;
  readonly #includes: Readonly<Record<string, string>>;
  readonly #uniforms: GPUBuffer;
  readonly #slotBytes: number;
  readonly #staged: ArrayBuffer;
  readonly #kernels = new Map<string, Promise<Kernel>>();
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #ids = new WeakMap<GPUBuffer, number>();
  #nextId = 0;
  #slots = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #stage = "";

  /**
   * @param gpu the device
   * @param includes texts that kernels share, by the name they are included under
   */
  constructor(
    gpu: GpuDevice,
    includes: Readonly<Record<string, string>> = {},
  ) {
    this.#gpu = gpu;
    this.#includes = includes;
    const { device } = gpu;
    this.#slotBytes = Math.max(
      UNIFORM_BYTES,
      device.limits.minUniformBufferOffsetAlignment,
    );
    this.#staged = new ArrayBuffer(UNIFORM_SLOTS * this.#slotBytes);
    this.#uniforms = device.createBuffer({
      size: this.#staged.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.clock = new StageClock(gpu);
  }

  /**
   * Compiles a kernel, or gives the same one again for the same text.
   *
   * @throws {DbksvdError} `device`, where the driver refuses it
   */
  async compile(source: KernelSource): Promise<Kernel> {
    const text = kernelText(source, this.#includes);
    const known = this.#kernels.get(text.code);
    if (known !== undefined) return await known;
    const id = this.#nextId++;
    const made = compileText(this.#gpu.device, text)
      .then((compiled) => ({ ...text, ...compiled, id }));
    this.#kernels.set(text.code, made);
    return await made;
  }

  /** Names the stage that the next kernels belong to: what timings are listed by. */
  stage(name: string): void {
    if (name === this.#stage) return;
    this.#endPass();
    this.#stage = name;
  }

  /**
   * Records one dispatch.
   *
   * @param kernel what to run
   * @param bound a buffer or matrix for each of its bindings, by name
   * @param parameters a number for each of its parameters, by name
   * @param groups workgroups: a flat number (folded into two dimensions), or x and y
   */
  run(
    kernel: Kernel,
    bound: Readonly<Record<string, Bound | undefined>>,
    parameters: Readonly<Record<string, number>>,
    groups: number | readonly [number, number],
  ): void {
    const [x, y] = typeof groups === "number" ? fold(groups) : groups;
    if (x === 0 || y === 0) return;
    if (this.#slots === UNIFORM_SLOTS) this.submit();
    const pass = this.#openPass();
    const offset = this.#slots++ * this.#slotBytes;
    this.#writeParameters(kernel, parameters, offset);
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, this.#group(kernel, bound), [offset]);
    pass.dispatchWorkgroups(x, y);
    this.counters.dispatches++;
  }

  /** Records a copy between buffers. */
  copy(
    from: GPUBuffer,
    fromOffset: number,
    to: GPUBuffer,
    toOffset: number,
    bytes: number,
  ): void {
    this.#endPass();
    this.#open().copyBufferToBuffer(from, fromOffset, to, toOffset, bytes);
  }

  /** Records zeroing the first bytes of a buffer. */
  clear(buffer: GPUBuffer, bytes: number): void {
    this.#endPass();
    this.#open().clearBuffer(buffer, 0, bytes);
  }

  /** Writes host data to a buffer, ahead of everything recorded since the last submit. */
  upload(
    to: GPUBuffer,
    data: Float32Array | Uint32Array,
    offset = 0,
  ): void {
    this.#gpu.device.queue.writeBuffer(
      to,
      offset,
      data.buffer as ArrayBuffer,
      data.byteOffset,
      data.byteLength,
    );
    this.counters.bytesUploaded += data.byteLength;
  }

  /**
   * Copies the stage times of what was recorded since the last call into a buffer; returns the stages' names in
   * order.
   */
  resolveTimes(to: GPUBuffer, offset: number): string[] {
    this.#endPass();
    return this.clock.resolve(this.#open(), to, offset);
  }

  /** Sends what was recorded to the device, without waiting. */
  submit(): void {
    this.#endPass();
    const { queue } = this.#gpu.device;
    if (this.#slots > 0) {
      queue.writeBuffer(
        this.#uniforms,
        0,
        this.#staged,
        0,
        this.#slots * this.#slotBytes,
      );
    }
    queue.submit(this.#encoder === undefined ? [] : [this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#slots = 0;
    this.counters.submits++;
  }

  /** Forgets bind groups: for when buffers were destroyed. */
  forgetBindings(): void {
    this.#groups.clear();
  }

  #open(): GPUCommandEncoder {
    return this.#encoder ??= this.#gpu.device.createCommandEncoder();
  }

  #openPass(): GPUComputePassEncoder {
    return this.#pass ??= this.#open().beginComputePass(
      this.clock.passDescriptor(this.#stage),
    );
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  #writeParameters(
    kernel: Kernel,
    parameters: Readonly<Record<string, number>>,
    offset: number,
  ): void {
    const view = new DataView(this.#staged, offset, UNIFORM_BYTES);
    kernel.parameters.forEach(({ name, type }, i) => {
      const value = parameters[name];
      if (value === undefined) {
        throw new DbksvdError(
          "run",
          `Kernel "${kernel.name}" was not given parameter ${name}`,
        );
      }
      if (type === "f32") view.setFloat32(4 * i, value, true);
      else view.setUint32(4 * i, value, true);
    });
  }

  #group(
    kernel: Kernel,
    bound: Readonly<Record<string, Bound | undefined>>,
  ): GPUBindGroup {
    const buffers = kernel.bindings.flatMap(({ name, parts }) => {
      const target = bound[name];
      const list = target instanceof GPUBuffer ? [target] : target?.buffers;
      if (list?.length !== parts) {
        throw new DbksvdError(
          "run",
          `Kernel "${kernel.name}" was given ${list?.length} buffers for ${name}, not ${parts}`,
        );
      }
      return list;
    });
    const key = `${kernel.id}:${buffers.map((b) => this.#id(b)).join()}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group = this.#gpu.device.createBindGroup({
      layout: kernel.layout,
      entries: [
        {
          binding: 0,
          resource: { buffer: this.#uniforms, size: UNIFORM_BYTES },
        },
        ...buffers.map((buffer, i) => ({
          binding: i + 1,
          resource: { buffer },
        })),
      ],
    });
    this.#groups.set(key, group);
    return group;
  }

  #id(buffer: GPUBuffer): number {
    const known = this.#ids.get(buffer);
    if (known !== undefined) return known;
    this.#ids.set(buffer, this.#nextId);
    return this.#nextId++;
  }
}

/** Folds a flat number of workgroups into x and y; kernels find their place by `group_index`. */
function fold(groups: number): [number, number] {
  return groups <= GRID_WIDTH
    ? [groups, 1]
    : [GRID_WIDTH, Math.ceil(groups / GRID_WIDTH)];
}
