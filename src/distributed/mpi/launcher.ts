import { DbksvdError } from "../../errors.ts";

/** What a launcher says of the group that it started this process in. */
export interface Launched {
  /** `mpirun of Open MPI`, `mpiexec of MPICH's kind`, `srun`. */
  by: string;
  /** Processes that it started together. */
  size: number;
  /** Which implementation of MPI it speaks to, where that is known. */
  library?: "openmpi" | "mpich" | undefined;
}

/** Reads a variable of the environment. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * What the environment tells of the launcher. Within an allocation of Slurm, mpirun starts its own helpers by srun, so
 * that its variables count first.
 *
 * @returns undefined where no launcher is seen
 */
export function launchedBy(read: ReadVariable): Launched | undefined {
  const size = (name: string) => {
    const value = Number(read(name));
    return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  };
  const openMpi = size("OMPI_COMM_WORLD_SIZE");
  if (openMpi !== undefined) {
    return { by: "mpirun of Open MPI", size: openMpi, library: "openmpi" };
  }
  const slurm = size("SLURM_STEP_NUM_TASKS");
  if (slurm !== undefined) {
    const library = read("PMIX_RANK") !== undefined
      ? "openmpi"
      : read("PMI_RANK") !== undefined
      ? "mpich"
      : undefined;
    return { by: "srun", size: slurm, library };
  }
  const mpich = size("PMI_SIZE");
  if (mpich !== undefined) {
    return { by: "mpiexec of MPICH", size: mpich, library: "mpich" };
  }
  return undefined;
}

/**
 * Refuses a group that the MPI library does not see as its launcher does: every process would believe to be alone,
 * and all would write to one place.
 *
 * @throws {DbksvdError} `usage`
 */
export function requireSameGroup(
  launched: Launched | undefined,
  { size, library, path }: { size: number; library: string; path: string },
): void {
  if (launched === undefined || launched.size === size) return;
  throw new DbksvdError(
    "usage",
    `${launched.by} started ${launched.size} processes, but ${library} (${path}) sees ${size}`,
    {
      mend: launched.by === "srun"
        ? "give srun the --mpi that the library speaks (pmix for Open MPI, pmi2 for MPICH), or name the library in DBKSVD_MPI"
        : "start it with the library's own mpirun, or name the launcher's library in DBKSVD_MPI",
    },
  );
}
