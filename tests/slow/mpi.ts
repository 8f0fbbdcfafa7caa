// How the tests start ranks, with the launchers of Debian's packages.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Open MPI's launcher: as root, and with more ranks than processors. */
const OPEN_MPI = ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe"];

/** Launchers by what they are tried for. */
export const LAUNCHERS = {
  "Open MPI": OPEN_MPI,
  "Open MPI over TCP": [
    ...OPEN_MPI,
    ...["--mca", "btl", "tcp,self", "--mca", "pml", "ob1"],
    ...["--mca", "btl_tcp_if_include", "lo"],
  ],
  "MPICH": ["mpirun.mpich"],
} as const;

/** How a program ended. */
export interface Ended {
  code: number;
  out: string;
  err: string;
  seconds: number;
}

/** What hangs is killed then, so that one test fails and not the whole suite. */
const TOO_LONG_MS = 180_000;

/** Runs the third argument and what follows: its output goes to the file that the first names, errors to the second. */
const PRINTING = 'err=$1; shift; exec "$@" >"$0" 2>"$err"';

/** A program under way, in a process group of its own. */
export class Started {
  readonly #child: Deno.ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(
    command: string,
    args: readonly string[],
    env = {},
    limitMs = TOO_LONG_MS,
  ) {
    const began = performance.now();
    const out = Deno.makeTempFileSync();
    const err = Deno.makeTempFileSync();
    // Into files: what outlives a launcher holds its pipes open, and the reader of a pipe would wait for it.
    this.#child = new Deno.Command("sh", {
      args: ["-c", PRINTING, out, err, command, ...args],
      cwd: ROOT,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
      env: {
        NO_COLOR: "1",
        PATH: `${join(Deno.execPath(), "..")}:${Deno.env.get("PATH")}`,
        ...env,
      },
    }).spawn();
    // A launcher that is asked to end takes its ranks along; one that does not heed is killed, with all its group.
    const late = [["SIGTERM", limitMs], ["SIGKILL", limitMs + 10_000]] as const;
    const timers = late.map(([signal, ms]) =>
      setTimeout(() => this.#signal(signal), ms)
    );
    this.ended = this.#child.status.then(({ code }) => {
      timers.forEach(clearTimeout);
      const seconds = (performance.now() - began) / 1000;
      if (seconds * 1000 >= limitMs) this.#signal("SIGKILL");
      return { code, out: taken(out), err: taken(err), seconds };
    });
  }

  #signal(signal: Deno.Signal) {
    try {
      Deno.kill(-this.#child.pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** The processes that it started, by their rank, found by their environment. */
  async ranks(): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const line = await Deno.readTextFile(`/proc/${name}/cmdline`);
        const environment = await Deno.readTextFile(`/proc/${name}/environ`);
        const parent = /(?:^|\0)DBKSVD_TEST_JOB=(\d+)/.exec(environment)?.[1];
        const rank = /(?:^|\0)(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)/
          .exec(environment)?.[1];
        if (Number(parent) !== Deno.pid || rank === undefined) continue;
        if (line.includes("main.ts")) found.set(Number(rank), Number(name));
      } catch {
        // It ended meanwhile.
      }
    }
    return found;
  }
}

/** What a file holds, which is then removed. */
function taken(file: string): string {
  const text = Deno.readTextFileSync(file);
  Deno.removeSync(file);
  return text;
}

/** Starts ranks of a command of the tool. */
export function startRanks(
  launcher: readonly string[],
  ranks: number,
  args: readonly string[],
  env: Record<string, string> = {},
): Started {
  const [command, ...options] = launcher;
  return new Started(
    command,
    [...options, "-n", String(ranks), "./dbksvd", ...args],
    { DBKSVD_TEST_JOB: String(Deno.pid), ...env },
  );
}

/** Starts ranks and waits for their end. */
export function ranks(
  ...[launcher, count, args, env]: Parameters<typeof startRanks>
): Promise<Ended> {
  return startRanks(launcher, count, args, env).ended;
}

/** Runs the tool by itself. */
export function alone(...args: string[]): Promise<Ended> {
  return new Started("./dbksvd", args).ended;
}

/** A digest of a model's dictionary file. */
export async function digestOf(model: string): Promise<string> {
  const bytes = await Deno.readFile(join(model, "dictionary.safetensors"));
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}
