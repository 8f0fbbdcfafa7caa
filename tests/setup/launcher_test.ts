import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Ran {
  code: number;
  /** The arguments that Deno would have been given. */
  args: string[];
  stderr: string;
}

/** A machine: folders on PATH with a `deno` and an `apt-get` that only write down what they are asked for. */
class Machine {
  readonly folder: string;
  readonly bin: string;

  constructor() {
    this.folder = Deno.makeTempDirSync();
    this.bin = join(this.folder, "bin");
    Deno.mkdirSync(this.bin);
    this.#program(
      "deno",
      `[ "$1" != --version ] || { echo "deno 99.0.0"; exit; }
       for one in "$@"; do printf '%s\\n' "$one"; done`,
    );
    this.#program("apt-get", `echo "$*" >> "${this.folder}/apt"`);
    this.#program("sudo", `shift; [ "$*" = true ] || exec "$@"`);
    // No loader known, so that a driver looks missing on every machine.
    this.#program("ldconfig", "true");
  }

  #program(name: string, text: string): void {
    Deno.writeTextFileSync(join(this.bin, name), `#!/bin/sh\n${text}\n`, {
      mode: 0o755,
    });
  }

  async run(
    script: string[],
    env: Record<string, string> = {},
  ): Promise<Ran> {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: script,
      cwd: this.folder,
      clearEnv: true,
      env: { PATH: `${this.bin}:/usr/bin:/bin`, HOME: this.folder, ...env },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      code,
      args: text(stdout).trimEnd().split("\n"),
      stderr: text(stderr),
    };
  }

  async installed(): Promise<boolean> {
    try {
      return (await Deno.readTextFile(join(this.folder, "apt"))).length > 0;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const launcher = join(ROOT, "dbksvd");
const setUp = join(ROOT, "tasks/deno.sh");

const setOf = ({ args }: Ran) =>
  args.find((one) => one.startsWith("-P="))?.slice(3);

Deno.test("the launcher runs each command with its own permission set of deno.json", async () => {
  await using machine = new Machine();
  const { permissions, tasks } = JSON.parse(
    await Deno.readTextFile(join(ROOT, "deno.json")),
  );
  for (
    const [name, { command }] of Object.entries<{ command: string }>(tasks)
  ) {
    const own = /^deno run -q -P=(\S+) src\/cli\/main\.ts(?: (\S+))?$/
      .exec(command);
    if (own === null) continue;
    const ran = await machine.run([launcher, own[2] ?? "--version"]);
    assert.equal(setOf(ran), own[1], name);
    assert(own[1] in permissions, own[1]);
  }
});

Deno.test("the launcher gives native libraries only where they are asked for", async () => {
  await using machine = new Machine();
  const train = [launcher, "train", "x.npy"];
  assert.equal(setOf(await machine.run([...train, "--blas"])), "blas");
  assert.equal(setOf(await machine.run([...train, "--blas=/l.so"])), "blas");
  assert.equal(
    setOf(await machine.run(train, { DBKSVD_BLAS: "/l.so" })),
    "blas",
  );
  assert.equal(setOf(await machine.run([...train, "--mpi"])), "mpi");
  assert.equal(setOf(await machine.run([...train, "--mpi", "--blas"])), "mpi");
  const bench = await machine.run([launcher, "bench", "--blas"]);
  assert.equal(setOf(bench), "bench");
  assert(bench.args.includes("--allow-ffi"));
  const plain = await machine.run([launcher, "bench"]);
  assert(!plain.args.includes("--allow-ffi"));
  assert.equal(setOf(await machine.run(train)), "rows-to-files");
});

Deno.test("the launcher keeps words, quotes and the caller's folder, through links too", async () => {
  await using machine = new Machine();
  const link = join(machine.folder, "link");
  await Deno.symlink(launcher, link);
  const words = ["train", "a b.npy", "it's", '"', "--where", "x > 1"];
  const { args, stderr } = await machine.run([link, ...words]);
  assert.deepEqual(args.slice(-words.length), words, stderr);
  assert(args.includes(join(ROOT, "deno.json")));
  assert(args.includes(join(ROOT, "src/cli/main.ts")));
});

const NEEDS_DRIVER = [
  ["task", "test"],
  ["task", "test:slow"],
  ["test", "-A", "tests/gpu"],
  ["task", "train", "--device", "gpu"],
  ["run", "main.ts", "train", "--device=gpu"],
  ["run", "main.ts", "doctor", "--install"],
];
const NEEDS_NONE = [
  ["task", "train"],
  ["task", "train", "--device", "cpu"],
  ["run", "main.ts", "doctor"],
  ["run", "main.ts", "inspect", "model"],
  ["--version"],
];

Deno.test({
  name: "the set-up installs a Vulkan driver only for what cannot do without",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    for (const args of NEEDS_DRIVER) {
      await using machine = new Machine();
      await machine.run([setUp, ...args]);
      assert(await machine.installed(), args.join(" "));
    }
    for (const args of NEEDS_NONE) {
      await using machine = new Machine();
      const { stderr } = await machine.run([setUp, ...args]);
      assert(!await machine.installed(), args.join(" "));
      assert.equal(stderr, "", "no word before the answer");
    }
  },
});

Deno.test("a rank of a parallel job installs nothing", async () => {
  await using machine = new Machine();
  for (
    const variable of [
      "OMPI_COMM_WORLD_SIZE",
      "PMI_SIZE",
      "SLURM_STEP_NUM_TASKS",
    ]
  ) {
    const { code } = await machine.run(
      [setUp, "task", "train", "--device", "gpu"],
      { [variable]: "2" },
    );
    assert.equal(code, 0);
    assert(!await machine.installed(), variable);
  }
});
