import {
  downloadRows,
  uploadRow,
  uploadRows,
} from "../../engine/gpu/dictionary.ts";
import type { GpuEngineOptions } from "../../engine/gpu/open.ts";
import { readBack } from "../../gpu/readback.ts";
import type { LookReport, Parameters, Trainer } from "../contract.ts";
import type { AutoencoderSpec } from "../layout.ts";
import { beginAgain, type Beginning, type SeenRows } from "../restart.ts";
import type { Sight } from "../worth.ts";
import { openTrainer, type TrainerContext } from "./context.ts";
import { STATE_WORDS } from "./plan.ts";
import { gpuSight, type SightCalls } from "./sight.ts";
import {
  addWorths,
  codeRows,
  keepAbove,
  learn,
  listUses,
  rebuildAbove,
  rebuildRows,
  shareCodes,
} from "./stages.ts";

/** Steps that may be under way at most: their rows wait in memory. */
const MOST_STEPS = 16;

/** Steps under way take about so long together, so that progress is seen. */
const TURN_MS = 200;

/** Adam on a sparse autoencoder, on a GPU. The same bytes every time on one device. */
export class GpuTrainer implements Trainer, SightCalls {
  readonly spec: AutoencoderSpec;
  readonly #context: TrainerContext;
  #rows: Float32Array = new Float32Array(0);
  #steps = 0;
  #ahead = 0;
  #most = 1;
  #since = performance.now();

  /**
   * Opens a device for a training.
   *
   * @param spec what is trained
   * @param start where it begins
   * @param options the device
   * @throws {DbksvdError} `device` where there is no GPU, or it lacks memory, with the numbers
   */
  static async create(
    spec: AutoencoderSpec,
    start: Parameters,
    options: GpuEngineOptions = {},
  ): Promise<GpuTrainer> {
    const trainer = new GpuTrainer(await openTrainer(spec, options));
    trainer.#begin(start);
    return trainer;
  }

  private constructor(context: TrainerContext) {
    this.#context = context;
    this.spec = context.spec;
  }

  /** Whether the device is a driver that computes on the processor. */
  get software(): boolean {
    return this.#context.gpu.adapter.software;
  }

  async look(rows: Float32Array, floors?: Float32Array): Promise<LookReport> {
    const { runner, buffers, gpu } = this.#context;
    this.#see(rows, floors);
    const [uses, place] = await readBack(gpu, runner, [
      { buffer: buffers.usage, offset: 0, bytes: 4 * this.spec.latents },
      { buffer: buffers.place, offset: 0, bytes: 4 },
    ]);
    const shared = this.spec.selection === "batch" && floors === undefined;
    return {
      uses: new Uint32Array(uses),
      floor: shared ? new Float32Array(place)[0] : 0,
    };
  }

  async step(rows: Float32Array, rate: number): Promise<void> {
    this.#see(rows);
    const count = rows.length / this.spec.width, steps = ++this.#steps;
    learn(this.#context, count, { rate, steps });
    this.#context.runner.submit();
    if (++this.#ahead >= this.#most) await this.#settle();
  }

  async silent(): Promise<Uint32Array> {
    const { runner, buffers, gpu } = this.#context, { latents } = this.spec;
    const bytes = 4 * STATE_WORDS * latents;
    const range = { buffer: buffers.states, offset: 0, bytes };
    const [states] = await readBack(gpu, runner, [range]);
    const words = new Uint32Array(states);
    return Uint32Array.from(
      { length: latents },
      (_, latent) => words[STATE_WORDS * latent + STATE_WORDS - 1],
    );
  }

  async restart(latents: readonly number[]): Promise<number[]> {
    if (latents.length === 0) return [];
    const { width } = this.spec;
    const { runner, buffers, gpu, plan: { levelCount } } = this.#context;
    const count = this.#rows.length / width;
    const [rests, atoms] = await Promise.all([
      downloadRows(gpu, runner, buffers.R, width, count * levelCount),
      this.spec.learnsDecoder
        ? undefined
        : downloadRows(gpu, runner, buffers.D, width),
    ]);
    const begun = beginAgain(this.#seen(rests, atoms), latents);
    for (const beginning of begun) this.#place(beginning);
    return begun.map(({ latent }) => latent);
  }

  sight(): Promise<Sight> {
    const { width, batch } = this.spec, { slots } = this.#context.plan;
    return Promise.resolve(gpuSight(this, { width, batch, slots }));
  }

  async codes(
    rows: Float32Array,
    thresholds?: Float32Array,
  ): Promise<{ indices: Uint32Array; values: Float32Array }> {
    const context = this.#context, { runner, buffers, gpu, plan } = context;
    const { width } = this.spec, count = rows.length / width;
    uploadRows(runner, buffers.Y, rows, width);
    if (thresholds !== undefined) this.#scale(thresholds);
    codeRows(context, count, thresholds !== undefined);
    const bytes = 4 * count * plan.slots;
    const [indices, values] = await readBack(gpu, runner, [
      { buffer: buffers.indices, offset: 0, bytes },
      { buffer: buffers.values, offset: 0, bytes },
    ]);
    return {
      indices: new Uint32Array(indices),
      values: new Float32Array(values),
    };
  }

  async worths(
    rows: Float32Array,
    thresholds: Float32Array,
  ): Promise<Float32Array> {
    const context = this.#context, { runner, buffers, gpu } = context;
    const { width, batch, latents } = this.spec, bytes = 8 * latents;
    this.#rows = rows.subarray(0, 0); // What is left of rows is by other latents now.
    runner.upload(buffers.floors, thresholds);
    this.#scale(thresholds);
    runner.clear(buffers.worths, bytes);
    for (let at = 0; at < rows.length; at += batch * width) {
      const part = rows.subarray(at, at + batch * width);
      const count = part.length / width;
      uploadRows(runner, buffers.Y, part, width);
      codeRows(context, count, true);
      rebuildAbove(context, count);
      listUses(context, count);
      addWorths(context);
      runner.submit();
      if (++this.#ahead >= this.#most) await this.#settle();
    }
    const range = { buffer: buffers.worths, offset: 0, bytes };
    const [worths] = await readBack(gpu, runner, [range]);
    return new Float32Array(worths);
  }

  async parameters(): Promise<Parameters> {
    const { runner, buffers, gpu } = this.#context,
      { width, latents } = this.spec;
    const encoder = await downloadRows(gpu, runner, buffers.E, width);
    const decoder = await downloadRows(gpu, runner, buffers.D, width);
    const range = { buffer: buffers.bias, offset: 0, bytes: 4 * latents };
    const [bias] = await readBack(gpu, runner, [range]);
    return { encoder, decoder, bias: new Float32Array(bias) };
  }

  close(): Promise<void> {
    this.#context.buffers.memory.freeAll();
    this.#context.gpu.close();
    return Promise.resolve();
  }

  #begin({ encoder, decoder, bias }: Parameters): void {
    const { runner, buffers } = this.#context, { width, latents } = this.spec;
    uploadRows(runner, buffers.E, encoder, width);
    uploadRows(runner, buffers.D, decoder, width);
    runner.upload(buffers.bias, bias);
    runner.upload(buffers.levels, this.spec.levels);
    runner.upload(
      buffers.turns,
      Uint32Array.from({ length: latents }, (_, j) => j),
    );
    runner.submit();
  }

  // Codes and rebuilds rows, and lists what uses their latents.
  #see(rows: Float32Array, floors?: Float32Array): void {
    const context = this.#context, { runner, buffers } = context;
    const { width, selection } = this.spec, count = rows.length / width;
    this.#rows = rows;
    uploadRows(runner, buffers.Y, rows, width);
    codeRows(context, count);
    if (selection === "batch" && floors === undefined) {
      shareCodes(context, count);
    } else if (selection === "batch") {
      runner.upload(buffers.floors, floors!);
      keepAbove(context, count);
    }
    rebuildRows(context, count);
    listUses(context, count);
  }

  // Pre-activations are compared by what they are of their thresholds.
  #scale(thresholds: Float32Array): void {
    const { runner, buffers } = this.#context;
    runner.upload(
      buffers.scales,
      thresholds.map((value) => value > 0 ? 1 / value : 1),
    );
  }

  // Waits for the steps under way; how many there may be from now on follows from how long these took.
  async #settle(): Promise<void> {
    const { runner, buffers, gpu } = this.#context;
    await readBack(gpu, runner, [{
      buffer: buffers.place,
      offset: 0,
      bytes: 4,
    }]);
    const now = performance.now();
    const each = Math.max(1, now - this.#since) / this.#ahead;
    this.#most = Math.max(1, Math.min(MOST_STEPS, Math.floor(TURN_MS / each)));
    this.#ahead = 0;
    this.#since = now;
  }

  #seen(rests: Float32Array, atoms: Float32Array | undefined): SeenRows {
    const { width, levels, learnsDecoder } = this.spec;
    const { levelCount } = this.#context.plan, rows = this.#rows;
    const vector = (of: Float32Array, place: number) =>
      of.subarray(place * width, (place + 1) * width);
    const rest = (row: number, level: number) =>
      vector(rests, row * levelCount + level);
    const atom = (latent: number) => vector(atoms!, latent);
    return {
      ...{ count: rows.length / width, levelCount, levels, learnsDecoder },
      ...{ row: (row) => vector(rows, row), rest, atom },
      along: (row, level, latent) => {
        const left = rest(row, level), own = atom(latent);
        return left.reduce((sum, value, d) => sum + value * own[d], 0);
      },
    };
  }

  // With Adam's moments at rest.
  #place({ latent, encoder, bias, decoder }: Beginning): void {
    const { runner, buffers, plan } = this.#context;
    const { E, D, ofEncoder, ofDecoder, states } = buffers;
    const still = new Float32Array(4 * plan.matrices.ofEncoder.stride);
    uploadRow(runner, E, latent, encoder);
    uploadRow(runner, ofEncoder, latent, still);
    runner.upload(buffers.bias, Float32Array.of(bias), 4 * latent);
    const state = new Uint32Array(STATE_WORDS);
    runner.upload(states, state, state.byteLength * latent);
    if (decoder === undefined) return;
    uploadRow(runner, D, latent, decoder);
    uploadRow(runner, ofDecoder, latent, still);
  }
}
