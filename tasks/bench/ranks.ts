// Ranks of Open MPI beside each other: wall and CPU seconds of a whole `train` on the CPU engine, one thread a rank,
// in turns on the same planted rows; then an iteration's milliseconds by stage, the medians of all turns.
// usage: deno run -A tasks/bench/ranks.ts [--ranks=1,2] [--turns=3] [--beside=no] [--rows=40000] [--width=768]
//   [--atoms=1024] [--sparsity=16] [--passes=12] [other options of train, with =]
// With --beside=yes, trainings of fewer ranks run as many at once as make up the most ranks, and the slowest counts:
// where cores are not equally fast, two ranks are held to what two cores do.
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { table } from "../../src/text.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OPTIONS: Record<string, string> = {
  ...{ ranks: "1,2", turns: "3", beside: "no" },
  ...{ rows: "40000", width: "768" },
  ...{ atoms: "1024", sparsity: "16", passes: "12" },
};
for (const word of Deno.args) {
  const [, name, value] = /^--([a-z-]+)=(.*)$/.exec(word) ?? [];
  if (name === undefined) throw new Error(`${word} is not --NAME=VALUE`);
  OPTIONS[name] = value;
}
const { ranks, turns, beside, rows, width, ...training } = OPTIONS;
const counts = ranks.split(",").map(Number);
const most = Math.max(...counts);

/** What one count of ranks took, over all turns. */
interface Taken {
  wall: number[];
  cpu: number[];
  /** Milliseconds of every iteration, by stage. */
  stages: Map<string, number[]>;
}

const folder = await Deno.makeTempDir();
try {
  const input = join(folder, "rows.parquet");
  const atoms = String(2 * Number(training.atoms));
  await run(["./dbksvd", "synthesize", "--out", input, "--quiet"].concat(
    named({ rows, width, atoms, sparsity: training.sparsity }),
  ));
  const taken = new Map<number, Taken>(
    counts.map((count) => [count, { wall: [], cpu: [], stages: new Map() }]),
  );
  for (let turn = 0; turn < Number(turns); turn++) {
    for (const [count, times] of taken) await train(count, times, input);
  }
  printTables(taken);
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function train(count: number, times: Taken, input: string) {
  const copies = beside === "yes" ? Math.floor(most / count) : 1;
  const began = performance.now();
  const cpu = await Promise.all(
    Array.from({ length: copies }, (_, copy) =>
      run([
        ...["mpirun", "--allow-run-as-root", "--oversubscribe"],
        ...["--bind-to", "none", "-n", String(count)],
        ...["./dbksvd", "train", input, "--mpi", "--overwrite"],
        ...["--out", modelOf(count, copy), "--quiet"],
        ...["--device=cpu", "--threads=1", ...named(training)],
      ])),
  );
  times.wall.push((performance.now() - began) / 1000);
  times.cpu.push(...cpu);
  for (let copy = 0; copy < copies; copy++) {
    await noteStages(times, modelOf(count, copy));
  }
  const load = loadavg().map((value) => value.toFixed(1)).join(" ");
  console.log(
    `${count} ranks: ${times.wall.at(-1)!.toFixed(1)} s, CPU ${
      cpu.map((seconds) => seconds.toFixed(1)).join(" and ")
    } s (load ${load})`,
  );
}

function modelOf(count: number, copy: number): string {
  return join(folder, `model-${count}-${copy}`);
}

async function noteStages(times: Taken, model: string): Promise<void> {
  const lines = await Deno.readTextFile(join(model, "metrics.jsonl"));
  for (const line of lines.trim().split("\n")) {
    const { milliseconds, stages } = JSON.parse(line);
    for (
      const [stage, ms] of Object.entries({ ...stages, all: milliseconds })
    ) {
      times.stages.set(stage, [...times.stages.get(stage) ?? [], Number(ms)]);
    }
  }
}

function printTables(taken: ReadonlyMap<number, Taken>): void {
  const [first] = taken.values();
  const stages = [...first.stages.keys()];
  console.log(table(
    ["Ranks", "wall s", "of one", "CPU s", ...stages],
    [...taken].map(([count, { wall, cpu, stages: all }]) => [
      String(count),
      median(wall).toFixed(1),
      `${(median(first.wall) / median(wall)).toFixed(2)}×`,
      median(cpu).toFixed(1),
      ...stages.map((stage) => median(all.get(stage) ?? [0]).toFixed(1)),
    ]),
  ));
}

/** Runs a program to its end; the CPU seconds that it and what it started took. */
async function run(command: readonly string[]): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", '"$@" >&2 || exit; times', "sh", ...command],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stderr));
  const [, children] = text(stdout).trim().split("\n");
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce((sum, [, minutes, rest]) => sum + 60 * +minutes + +rest, 0);
}

function named(options: Record<string, string>): string[] {
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
