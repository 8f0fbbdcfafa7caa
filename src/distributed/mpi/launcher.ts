import { DbksvdError } from "../../errors.ts";

/** What a launcher says of the group that it started this process in. */
export interface Launched {
  /** `mpirun of Open MPI`, `mpiexec of MPICH`, `srun`, `a launcher of PMIx`. */
  by: string;
  /** Processes that it started together. */
  size: number;
  /** True where it tells a process's number alone: there are so many at least. */
  orMore?: boolean | undefined;
  /** Which implementation of MPI it speaks to, where that is known. */
  library?: "openmpi" | "mpich" | undefined;
}

/** Reads a variable of the environment. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * What the environment tells of the launcher. Open MPI's mpirun comes first; of others, who started more processes:
 * MPICH's mpiexec has srun start one helper a node, whose variables its ranks see, too, as they see those of a shell
 * that srun started.
 *
 * @returns undefined where no launcher is seen
 */
export function launchedBy(read: ReadVariable): Launched | undefined {
  const size = (name: string, least = 1) => {
    const value = read(name), number = Number(value || NaN);
    return Number.isSafeInteger(number) && number >= least ? number : undefined;
  };
  const openMpi = size("OMPI_COMM_WORLD_SIZE");
  if (openMpi !== undefined) {
    return { by: "mpirun of Open MPI", size: openMpi, library: "openmpi" };
  }
  const slurm = size("SLURM_STEP_NUM_TASKS");
  const mpich = size("PMI_SIZE"), pmix = size("PMIX_RANK", 0);
  if (mpich !== undefined && mpich > (slurm ?? 0)) {
    return { by: "mpiexec of MPICH", size: mpich, library: "mpich" };
  }
  if (slurm !== undefined) {
    const library = pmix !== undefined
      ? "openmpi"
      : read("PMI_RANK") !== undefined
      ? "mpich"
      : undefined;
    return { by: "srun", size: slurm, library };
  }
  return pmix === undefined ? undefined : {
    ...{ by: "a launcher of PMIx", size: pmix + 1, orMore: true },
    library: "openmpi",
  };
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
  const { by, orMore } = launched;
  if (orMore && launched.size < size) return;
  throw new DbksvdError(
    "usage",
    `${by} started ${launched.size} ${
      orMore ? "or more " : ""
    }processes, but ${library} (${path}) sees ${size}`,
    {
      mend: by === "srun"
        ? "give srun the --mpi that the library speaks (pmix for Open MPI, pmi2 for MPICH), or name the library in DBKSVD_MPI"
        : "start it with the library's own mpirun, or name the launcher's library in DBKSVD_MPI",
    },
  );
}
