import { launchedBy } from "../distributed/mpi/launcher.ts";

/** A launcher that ends its processes drops what it has not read of their output yet, as MPICH's now and then did. */
export const OUTPUT_READ_MS = 200;

/**
 * Ends a process with `--mpi` that failed before it had joined its group. Open MPI's mpirun and srun end all where one
 * fails, but MPICH's mpiexec takes no notice of an exit code then, and the others would wait for ever. Of a signal it
 * does.
 *
 * @param args the command line
 * @param read reads the environment
 * @param kill ends this process by a signal
 */
export async function endUnjoined(
  args: readonly string[],
  read: (name: string) => string | undefined,
  kill: () => void = () => Deno.kill(Deno.pid, "SIGTERM"),
): Promise<void> {
  if (!args.includes("--mpi")) return;
  try {
    const { library, by = "", size = 1 } = launchedBy(read) ?? {};
    if (library !== "mpich" || by === "srun" || size === 1) return;
    await new Promise((read) => setTimeout(read, OUTPUT_READ_MS));
    kill();
  } catch (error) {
    // A program that may not kill may open no library either, and joins no group.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}
