// Trains for long, or very often, and watches what the process holds.
import { join } from "node:path";
import type { DeviceChoice } from "../../src/engine/engine.ts";
import { randomStream } from "../../src/random.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { train } from "../../src/use/train.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";

/** What the process held at one moment. */
export interface Holding {
  /** Trainings or iterations done so far. */
  done: number;
  seconds: number;
  /** Resident memory, in MB: the host's and, on a software driver, the device's. */
  residentMb: number;
  /** JavaScript objects of this thread, in MB. */
  heapMb: number;
  /** Memory behind this thread's typed arrays, in MB. */
  arraysMb: number;
  threads: number;
  openFiles: number;
}

/** How what is held grew: medians over the second and the last quarter of the time. */
export interface Growth {
  residentMb: number;
  heapMb: number;
  threads: number;
  openFiles: number;
}

/**
 * Short trainings one after the other: plain ones, ones into a directory, ones that are stopped half-way.
 *
 * @param count how many
 * @param device the engine
 */
export async function shortTrainings(
  count: number,
  device: DeviceChoice,
): Promise<Holding[]> {
  const directory = await Deno.makeTempDir({ prefix: "dbksvd-soak-" });
  const source = rowsOf(300, 16);
  const watch = new Watch();
  try {
    for (let run = 0; run < count; run++) {
      await shortTraining(run, source, directory, device);
      if (run % Math.ceil(count / 200) === 0) await watch.look(run);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  return watch.seen;
}

const SMALL = { atoms: 24, sparsity: 3, passes: 3, sampleBatch: 100 };

async function shortTraining(
  run: number,
  source: RowSource,
  directory: string,
  device: DeviceChoice,
): Promise<void> {
  if (run % 10 === 0) {
    const controller = new AbortController();
    const reason = new Error("enough");
    const stopped = train(source, SMALL, {
      device,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await stopped.then(
      () => Promise.reject(new Error("The training was not stopped")),
      (error) => error === reason || Promise.reject(error),
    );
  } else if (run % 10 === 5) {
    const out = join(directory, "model");
    await trainToDirectory(source, SMALL, {
      out,
      checkpointEvery: { iterations: 1 },
    }, { device });
  } else await train(source, SMALL, { device });
}

/**
 * One long training, saving checkpoints, stopped after the given time.
 *
 * @param seconds how long
 * @param device the engine
 */
export async function longTraining(
  seconds: number,
  device: DeviceChoice,
): Promise<Holding[]> {
  const directory = await Deno.makeTempDir({ prefix: "dbksvd-soak-" });
  const controller = new AbortController();
  const reason = new Error("time is up");
  const watch = new Watch();
  const timer = setTimeout(() => controller.abort(reason), seconds * 1000);
  let next = 0, iterations = 0;
  try {
    await trainToDirectory(
      rowsOf(8000, 64),
      {
        atoms: 128,
        sparsity: 6,
        passes: 1_000_000,
        // One batch a pass: each iteration leaves a line of metrics, and short ones would leave most of what is held.
        sampleBatch: 8000,
      },
      { out: join(directory, "model"), checkpointEvery: { seconds: 5 } },
      {
        device,
        signal: controller.signal,
        onProgress: (lines) => void (iterations += lines.length),
        onDecision: async () => {
          if (watch.seconds() < next) return;
          next += seconds / 200;
          await watch.look(iterations);
        },
      },
    );
  } catch (error) {
    if (error !== reason) throw error;
  } finally {
    clearTimeout(timer);
    await Deno.remove(directory, { recursive: true });
  }
  return watch.seen;
}

/** The slope of resident memory after the first quarter of the time, in KB a minute: least squares. */
export function slopeOf(seen: readonly Holding[]): number {
  const warm = seen.slice(Math.floor(seen.length / 4));
  const mean = (of: (one: Holding) => number) =>
    warm.reduce((sum, one) => sum + of(one), 0) / warm.length;
  const minutes = (one: Holding) => one.seconds / 60;
  const middle = mean(minutes), level = mean((one) => one.residentMb);
  const along = mean((one) =>
    (minutes(one) - middle) * (one.residentMb - level)
  );
  const across = mean((one) => (minutes(one) - middle) ** 2);
  return 1024 * along / across;
}

/** Growth from the second quarter, when all is warm, to the last one. */
export function growthOf(seen: readonly Holding[]): Growth {
  const quarter = Math.floor(seen.length / 4);
  const early = seen.slice(quarter, 2 * quarter);
  const late = seen.slice(-quarter);
  const growth = (name: keyof Growth) =>
    median(late.map((one) => one[name])) -
    median(early.map((one) => one[name]));
  return {
    residentMb: growth("residentMb"),
    heapMb: growth("heapMb"),
    threads: growth("threads"),
    openFiles: growth("openFiles"),
  };
}

class Watch {
  readonly seen: Holding[] = [];
  readonly #start = performance.now();

  seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  async look(done: number): Promise<void> {
    const { rss, heapUsed, external } = Deno.memoryUsage();
    this.seen.push({
      done,
      seconds: this.seconds(),
      residentMb: rss / 2 ** 20,
      heapMb: heapUsed / 2 ** 20,
      arraysMb: external / 2 ** 20,
      threads: await entries("/proc/self/task"),
      openFiles: await entries("/proc/self/fd"),
    });
  }
}

async function entries(directory: string): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(directory))).length;
}

function rowsOf(rows: number, width: number): RowSource {
  const random = randomStream(1, "soak");
  const data = Float32Array.from(
    { length: rows * width },
    () => random.normal(),
  );
  return rowsFromArray(data, width);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
