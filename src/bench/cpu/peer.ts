import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesOf } from "../../bytes.ts";
import type { BenchSize } from "../size.ts";
import type { StepTime } from "./types.ts";

/** Beside this file in a checkout; a compiled program has none. */
const SCRIPT = fileURLToPath(
  new URL("../../../tasks/bench/numpy_dbksvd.py", import.meta.url),
);

/** Runs of each step. */
const RUNS = 2;

/** What one run of the script tells. */
export interface NumpyTimes {
  library: string;
  numpy: string;
  threads: number;
  omp: StepTime & { left: number };
  mp: StepTime & { left: number };
}

/** NumPy on one thread and on all. */
export interface NumpyRun {
  one: NumpyTimes;
  all: NumpyTimes;
}

/** NumPy beside the CPU engine: the script, and the problem in a folder of its own. */
export class NumpyPeer implements Disposable {
  constructor(readonly directory: string) {}

  /** Writes the problem down. */
  static async prepare(
    { data, atoms, order }: {
      data: Float32Array;
      atoms: Float32Array;
      order: Uint32Array;
    },
  ): Promise<NumpyPeer> {
    const directory = await Deno.makeTempDir({ prefix: "dbksvd-bench-" });
    const files = { "rows.f32": data, "atoms.f32": atoms, "order.u32": order };
    for (const [name, values] of Object.entries(files)) {
      await Deno.writeFile(join(directory, name), bytesOf(values));
    }
    return new NumpyPeer(directory);
  }

  /** Times its steps, where python3 with NumPy is there; else says why not. */
  async run(
    size: BenchSize,
    atomBatch: number,
    threads: number,
  ): Promise<NumpyRun | { missing: string }> {
    const one = await this.#run(size, atomBatch, 1);
    if ("missing" in one) return one;
    const all = threads === 1 ? one : await this.#run(size, atomBatch, threads);
    return "missing" in all ? all : { one, all };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }

  async #run(
    { n, m, k, rows }: BenchSize,
    atomBatch: number,
    threads: number,
  ): Promise<NumpyTimes | { missing: string }> {
    const sizes = [n, m, k, rows, atomBatch, threads, RUNS].map(String);
    try {
      const { success, stdout, stderr } = await new Deno.Command("python3", {
        args: [SCRIPT, this.directory, ...sizes],
        stdout: "piped",
        stderr: "piped",
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      if (success) return JSON.parse(text(stdout));
      return { missing: text(stderr).trim().split("\n").at(-1) ?? "it failed" };
    } catch (error) {
      return { missing: String(error) };
    }
  }
}
