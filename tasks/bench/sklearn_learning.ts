import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { rowsFromArray, train } from "../../mod.ts";
import { firstAtoms, plantedRows } from "../../src/bench/planted.ts";
import { specOf } from "../../src/bench/spec.ts";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import { bytesOf } from "../../src/bytes.ts";

// Whole trainings beside scikit-learn's MiniBatchDictionaryLearning on the same planted rows, a thousand held out:
// deno run -A tasks/bench/sklearn_learning.ts N M K ROWS PASSES [ALPHA] [PYTHON]
// Wall and CPU seconds of both, and what each dictionary leaves of the held-out rows by OMP at exactly k nonzeros.

const HELD_OUT = 1000;
const SCRIPT = fileURLToPath(new URL("sklearn_learning.py", import.meta.url));

if (import.meta.main) {
  const [n, m, k, rows, passes] = Deno.args.slice(0, 5).map(Number);
  const [alpha = "0.3", python = "python3"] = Deno.args.slice(5);
  const size = { n, m, k, rows };
  const all = plantedRows({ ...size, rows: rows + HELD_OUT });
  centre(all, size);
  const data = all.slice(0, rows * n), held = all.slice(rows * n);
  const measured = async (atoms: Float32Array, seconds: object) => ({
    ...seconds,
    heldOutFvu: await leftOf(held, atoms, size),
  });
  const ours = await learnOurs(data, size, passes);
  console.log(JSON.stringify({ ours: await measured(ours.atoms, ours.about) }));
  const theirs = await learnTheirs(data, size, [passes, alpha], python);
  const { atoms, about } = theirs;
  console.log(JSON.stringify({ theirs: await measured(atoms, about) }));
}

interface Size {
  n: number;
  m: number;
  k: number;
  rows: number;
}

interface Learned {
  atoms: Float32Array;
  about: object;
}

// Takes the mean of the rows that are learned from off all of them.
function centre(all: Float32Array, { n, rows }: Size): void {
  const mean = new Float64Array(n);
  for (let e = 0; e < rows * n; e++) mean[e % n] += all[e] / rows;
  for (let e = 0; e < all.length; e++) all[e] -= mean[e % n];
}

async function learnOurs(
  data: Float32Array<ArrayBuffer>,
  { n, m, k }: Size,
  passes: number,
): Promise<Learned> {
  const wall = performance.now(), cpu = process.cpuUsage();
  const { model } = await train(
    rowsFromArray(data, n),
    { atoms: m, sparsity: k, passes, holdout: 0 },
    { device: "cpu" },
  );
  const { user, system } = process.cpuUsage(cpu);
  return {
    atoms: model.dictionary,
    about: {
      seconds: (performance.now() - wall) / 1e3,
      cpuSeconds: (user + system) / 1e6,
    },
  };
}

async function learnTheirs(
  data: Float32Array<ArrayBuffer>,
  size: Size,
  choices: (number | string)[],
  python: string,
): Promise<Learned> {
  const directory = await Deno.makeTempDir({ prefix: "dbksvd-bench-" });
  try {
    const files = { "rows.f32": data, "atoms.f32": firstAtoms(data, size) };
    for (const [name, values] of Object.entries(files)) {
      await Deno.writeFile(join(directory, name), bytesOf(values));
    }
    const { n, m, rows } = size;
    const sizes = [n, m, rows, ...choices].map(String);
    const { success, stdout, stderr } = await new Deno.Command(python, {
      args: [SCRIPT, directory, ...sizes],
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (!success) throw new Error(`${python}: ${text(stderr)}`);
    const learned = await Deno.readFile(join(directory, "learned.f32"));
    return {
      atoms: new Float32Array(learned.buffer),
      about: JSON.parse(text(stdout)),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

// The share of the rows' energy that is left by OMP.
async function leftOf(
  rows: Float32Array<ArrayBuffer>,
  atoms: Float32Array,
  size: Size,
): Promise<number> {
  const { n } = size, count = rows.length / n;
  const engine = await createCpuEngine(
    specOf({ ...size, rows: count }, "omp", "f32"),
  );
  try {
    await engine.loadDictionary(atoms);
    const { residual } = await engine.encode({ data: rows, rows: count });
    let left = 0, energy = 0;
    residual.forEach((share, i) => {
      let own = 0;
      for (const value of rows.subarray(i * n, (i + 1) * n)) own += value ** 2;
      left += share * own;
      energy += own;
    });
    return left / energy;
  } finally {
    await engine.close();
  }
}
