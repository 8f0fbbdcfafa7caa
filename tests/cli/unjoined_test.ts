import assert from "node:assert/strict";
import { endUnjoined } from "../../src/cli/unjoined.ts";

async function isKilled(
  args: string[],
  variables: Record<string, string>,
): Promise<boolean> {
  let killed = false;
  await endUnjoined(args, (name) => variables[name], () => killed = true);
  return killed;
}

Deno.test("a process that failed before it joined ends by a signal where its launcher takes no notice of exit codes", async () => {
  const train = ["train", "--mpi", "--atoms", "x"];
  const mpich = { PMI_SIZE: "2", PMI_RANK: "1" };
  assert.equal(await isKilled(train, mpich), true);
  assert.equal(await isKilled(["train"], mpich), false);
  for (
    const other of [
      {},
      { OMPI_COMM_WORLD_SIZE: "2" },
      { ...mpich, SLURM_STEP_NUM_TASKS: "2" },
      { ...mpich, PMI_SIZE: "1" },
    ] as Record<string, string>[]
  ) assert.equal(await isKilled(train, other), false);
});
