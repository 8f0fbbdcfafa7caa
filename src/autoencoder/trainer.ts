import { Crew } from "../engine/cpu/crew.ts";
import { mayStartWorker } from "../engine/worker/may_start.ts";
import { DbksvdError } from "../errors.ts";
import { pauseIfDue } from "../pause.ts";
import { depthRuns } from "../wasm/kernels/product.ts";
import { compileKernels, kernelsLacking } from "../wasm/module.ts";
import { type Context, contextOf, type ThreadStart } from "./context.ts";
import type { LookReport, Parameters, Trainer } from "./contract.ts";
import { shortfall } from "./learn.ts";
import {
  type AutoencoderSpec,
  CHUNK_LATENTS,
  CHUNK_ROWS,
  type Layout,
  layOut,
  memoryFor,
} from "./layout.ts";
import { PHASE } from "./orders.ts";
import { beginAgain } from "./restart.ts";
import { placeBeginning, seenRows } from "./seen.ts";
import { makeRunner } from "./tasks.ts";
import { processorSight, type Sight } from "./worth.ts";

const THREAD = new URL("./thread.ts", import.meta.url);

/** Multiplications between two looks at the signal, on one thread. */
const CALL_WORK = 2 ** 29;

/**
 * Makes sure that the processor can train.
 *
 * @throws {DbksvdError} `run` where it lacks instructions
 */
export function requireInstructions(): void {
  const lacking = kernelsLacking();
  if (lacking === undefined) return;
  throw new DbksvdError(
    "run",
    `Training an autoencoder takes ${lacking}, which is not to be had here`,
    {
      mend:
        "export to saelens-mp, train with --decoder-steps 0, or use another machine",
    },
  );
}

/**
 * Adam on a sparse autoencoder, on the processor: the kernels of the CPU engine on as many threads as are asked for.
 * The same bytes on any number of them.
 */
export class AutoencoderTrainer implements Trainer {
  readonly spec: AutoencoderSpec;
  readonly #layout: Layout;
  readonly #context: Context;
  readonly #crew: Crew;
  readonly #threads: number;
  readonly #signal: AbortSignal | undefined;
  readonly #silent: Uint32Array;
  #steps = 0;

  /**
   * @param spec what is trained
   * @param start where it begins
   * @param options how many threads, as many as there are cores where left out; a signal that ends every call
   * @throws {DbksvdError} `run` where the memory for it cannot be had
   */
  constructor(
    spec: AutoencoderSpec,
    start: Parameters,
    options: {
      threads?: number | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ) {
    this.spec = spec;
    this.#silent = new Uint32Array(spec.latents);
    this.#signal = options.signal;
    this.#threads = mayStartWorker(THREAD)
      ? options.threads ?? navigator.hardwareConcurrency
      : 1;
    requireInstructions();
    this.#layout = layOut(spec, this.#threads);
    const memory = memoryFor(this.#layout);
    const kernels = compileKernels(memory);
    const given = { spec, layout: this.#layout, kernels, memory, number: 0 };
    this.#context = contextOf(given);
    this.#crew = new Crew(
      memory,
      this.#threads,
      makeRunner(this.#context),
      (number) => startThread({ ...given, number }),
    );
    const { encoder, decoder, bias } = this.#context.views;
    this.#put(start.encoder, encoder);
    this.#put(start.decoder, decoder);
    bias.set(start.bias);
  }

  /** The numbers as they stand. */
  parameters(): Promise<Parameters> {
    const { encoder, decoder, bias } = this.#context.views;
    return Promise.resolve({
      encoder: this.#take(encoder),
      decoder: this.#take(decoder),
      bias: bias.slice(),
    });
  }

  /**
   * Codes and rebuilds rows.
   *
   * @param rows normalised rows, at most a batch of them
   * @param floors what every latent's pre-activations have to exceed where rows share their active latents; the same
   * for all, so that k · rows do, where left out
   */
  async look(
    rows: Float32Array,
    floors?: Float32Array,
  ): Promise<LookReport> {
    const { views, orders } = this.#context;
    const count = rows.length / this.spec.width;
    this.#put(rows, views.rows);
    orders.set({ rows: count });
    await this.#code(count);
    const least = this.spec.selection === "batch"
      ? this.#share(count, floors)
      : 0;
    const entries = views.counts.subarray(0, count)
      .reduce((sum, each) => sum + each, 0);
    this.#crew.run(
      PHASE.rebuild,
      Math.ceil(count / CHUNK_ROWS),
      4 * entries * this.spec.width,
    );
    return { uses: this.#listUses(count), floor: least };
  }

  /**
   * One step of Adam on rows.
   *
   * @param rows normalised rows, at most a batch of them
   * @param rate the length of the step
   */
  async step(rows: Float32Array, rate: number): Promise<void> {
    const { uses } = await this.look(rows);
    const count = rows.length / this.spec.width;
    uses.forEach((number, latent) =>
      this.#silent[latent] = number > 0 ? 0 : this.#silent[latent] + count
    );
    const { latents, width } = this.spec;
    const { mean, square } = shortfall(++this.#steps);
    this.#context.orders.set({ rate, meanShare: mean, squareShare: square });
    await pauseIfDue(this.#signal);
    this.#crew.run(
      PHASE.learn,
      Math.ceil(latents / CHUNK_LATENTS),
      20 * latents * width,
    );
    await pauseIfDue(this.#signal);
  }

  /** What the autoencoder makes of rows, seen on one thread. */
  async sight(): Promise<Sight> {
    return processorSight(await this.parameters(), this.#signal);
  }

  /** Rows of steps that each latent was active in none of since it was last active or began again. */
  silent(): Promise<Uint32Array> {
    return Promise.resolve(this.#silent.slice());
  }

  /**
   * Gives latents a row each, out of those that were last looked at (see {@linkcode beginAgain}).
   *
   * @param latents which
   * @returns those that have one
   */
  restart(latents: readonly number[]): Promise<number[]> {
    const begun = beginAgain(seenRows(this.#context), latents);
    for (const beginning of begun) {
      placeBeginning(this.#context, beginning);
      this.#silent[beginning.latent] = 0;
    }
    return Promise.resolve(begun.map(({ latent }) => latent));
  }

  /** Ends the other threads. */
  close(): Promise<void> {
    this.#crew.close();
    return Promise.resolve();
  }

  async #code(count: number): Promise<void> {
    const { latents, width } = this.spec;
    this.#crew.run(
      PHASE.pack,
      depthRuns(this.#layout.padded).length,
      latents * width,
    );
    const work = CHUNK_ROWS * latents * width;
    const most = Math.max(1, Math.floor(CALL_WORK / work)) * this.#threads;
    const chunks = Math.ceil(count / CHUNK_ROWS);
    for (let first = 0; first < chunks; first += most) {
      await pauseIfDue(this.#signal);
      const tasks = Math.min(most, chunks - first);
      this.#context.orders.set({ firstChunk: first });
      this.#crew.run(PHASE.code, tasks, 2 * tasks * work);
    }
  }

  // Keeps the candidates above their floors: the k · rows largest of all, equal ones all or none, where none are given.
  #share(count: number, floors?: Float32Array): number {
    const { counts, indices, values } = this.#context.views;
    const { slots } = this.#layout;
    const floor = floors === undefined ? this.#floorOf(count) : 0;
    for (let row = 0; row < count; row++) {
      const from = row * slots;
      let kept = from;
      for (let e = from; e < from + counts[row]; e++) {
        if (values[e] <= (floors?.[indices[e]] ?? floor)) continue;
        indices[kept] = indices[e];
        values[kept++] = values[e];
      }
      counts[row] = kept - from;
    }
    return floor;
  }

  #floorOf(count: number): number {
    const { counts, values } = this.#context.views;
    const { slots } = this.#layout;
    const all = new Float32Array(count * slots);
    let filled = 0;
    for (let row = 0; row < count; row++) {
      const part = values.subarray(row * slots, row * slots + counts[row]);
      all.set(part, filled);
      filled += part.length;
    }
    const sorted = all.subarray(0, filled).sort();
    const place = filled - 1 - this.spec.sparsity * count;
    return place < 0 ? 0 : sorted[place];
  }

  // Every latent's uses, in the order of the rows.
  #listUses(count: number): Uint32Array {
    const { counts, indices, starts, uses } = this.#context.views;
    const { slots } = this.#layout, { latents } = this.spec;
    const number = new Uint32Array(latents);
    const visit = (seen: (entry: number, latent: number) => void) => {
      for (let row = 0; row < count; row++) {
        const from = row * slots;
        for (let e = from; e < from + counts[row]; e++) seen(e, indices[e]);
      }
    };
    visit((_, latent) => number[latent]++);
    const next = new Uint32Array(latents);
    starts[0] = 0;
    for (let latent = 0; latent < latents; latent++) {
      next[latent] = starts[latent];
      starts[latent + 1] = starts[latent] + number[latent];
    }
    visit((entry, latent) => uses[next[latent]++] = entry);
    return number;
  }

  #put(from: Float32Array, to: Float32Array): void {
    const { width } = this.spec, { padded } = this.#layout;
    if (padded === width) return to.set(from);
    for (let row = 0; row < from.length / width; row++) {
      to.set(from.subarray(row * width, (row + 1) * width), row * padded);
    }
  }

  #take(from: Float32Array): Float32Array {
    const { width, latents } = this.spec, { padded } = this.#layout;
    const values = new Float32Array(latents * width);
    for (let row = 0; row < latents; row++) {
      const at = row * padded;
      values.set(from.subarray(at, at + width), row * width);
    }
    return values;
  }
}

function startThread(start: ThreadStart): Worker {
  const worker = new Worker(THREAD, { type: "module", name: "dbksvd thread" });
  worker.postMessage(start);
  return worker;
}
