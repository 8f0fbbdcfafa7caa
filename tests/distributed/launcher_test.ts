import assert from "node:assert/strict";
import {
  launchedBy,
  requireSameGroup,
} from "../../src/distributed/mpi/launcher.ts";
import { candidates } from "../../src/distributed/mpi/library.ts";
import type { DbksvdError } from "../../src/errors.ts";

const seen = (variables: Record<string, string>) =>
  launchedBy((name) => variables[name]);

Deno.test("launchedBy() knows launchers by their variables, mpirun within Slurm before srun", () => {
  assert.equal(seen({}), undefined);
  assert.equal(seen({ SLURM_NTASKS: "8" }), undefined);
  const openMpi = { OMPI_COMM_WORLD_SIZE: "4" };
  assert.deepEqual(seen({ ...openMpi, SLURM_STEP_NUM_TASKS: "2" }), {
    by: "mpirun of Open MPI",
    size: 4,
    library: "openmpi",
  });
  const mpich = seen({ PMI_SIZE: "3", PMI_RANK: "0" });
  assert.deepEqual([mpich?.library, mpich?.size], ["mpich", 3]);
  const slurm = { SLURM_STEP_NUM_TASKS: "6" };
  assert.equal(seen({ ...slurm, PMIX_RANK: "5" })?.library, "openmpi");
  assert.equal(seen({ ...slurm, PMI_RANK: "5" })?.library, "mpich");
  assert.equal(seen(slurm)?.size, 6);
});

Deno.test("launchedBy() takes who started more where srun started MPICH's helpers, or a shell", () => {
  // mpiexec of MPICH in a batch job of two nodes: one helper each, and the ranks have its variables.
  const helper = { SLURM_STEP_NUM_TASKS: "2", PMIX_RANK: "1" };
  const rank = { PMI_SIZE: "8", PMI_RANK: "5" };
  for (const outer of [helper, { ...helper, SLURM_STEP_NUM_TASKS: "1" }]) {
    assert.deepEqual(seen({ ...outer, ...rank }), {
      ...{ by: "mpiexec of MPICH", size: 8, library: "mpich" },
    });
  }
  // srun within a shell that srun started.
  const shell = { PMI_SIZE: "1", PMI_RANK: "0", SLURM_STEP_NUM_TASKS: "4" };
  assert.deepEqual(seen(shell), { by: "srun", size: 4, library: "mpich" });
  const { library } = seen({ ...shell, PMIX_RANK: "3" })!;
  assert.equal(library, "openmpi");
});

Deno.test("of PMIx alone a process's number is known: a group that has no such number is refused", () => {
  const fourth = seen({ PMIX_RANK: "3" })!;
  assert.equal(fourth.library, "openmpi");
  const library = { library: "MPICH 4.0.2", path: "libmpich.so.12" };
  for (const size of [4, 8]) requireSameGroup(fourth, { ...library, size });
  assert.throws(
    () => requireSameGroup(fourth, { ...library, size: 1 }),
    /a launcher of PMIx started 4 or more processes, but MPICH 4.* sees 1/,
  );
  requireSameGroup(seen({ PMIX_RANK: "0" }), { ...library, size: 1 });
});

Deno.test("a library that sees another group than the launcher started is refused, with what to do", () => {
  const library = { library: "MPICH 4.0.2", path: "libmpich.so.12" };
  const launched = seen({ OMPI_COMM_WORLD_SIZE: "4" });
  requireSameGroup(launched, { ...library, size: 4 });
  requireSameGroup(undefined, { ...library, size: 1 });
  assert.throws(
    () => requireSameGroup(launched, { ...library, size: 1 }),
    (error: DbksvdError) =>
      error.kind === "usage" &&
      /mpirun of Open MPI started 4 processes.*MPICH 4\.0\.2.*sees 1.*DBKSVD_MPI/
        .test(error.message),
  );
});

Deno.test("candidates() begins with the launcher's kind of library; a named one is the only one", () => {
  const mpich = candidates(undefined, seen({ PMI_SIZE: "2" }));
  const openMpi = candidates(undefined, seen({ OMPI_COMM_WORLD_SIZE: "2" }));
  assert.notEqual(mpich[0], openMpi[0]);
  assert.deepEqual([...mpich].sort(), [...openMpi].sort());
  assert.deepEqual(candidates("/opt/libmpi.so", undefined), ["/opt/libmpi.so"]);
});
