import assert from "node:assert/strict";
import { join } from "node:path";
import { alone, digestOf, type Ended, ROOT, Started } from "./mpi.ts";

/** How often a cluster is set up anew: Slurm on loopback has been seen to lose a job, once in dozens of runs. */
const CLUSTERS = 3;

/** Each of the jobs is done in a few seconds. */
const LIMIT_MS = 60_000;

const OPTIONS = [
  ...["train", "--max-rows", "3000", "--atoms", "64", "--sparsity", "4"],
  ...["--passes", "3", "--sums", "2", "--device", "cpu", "--quiet"],
  ...["--sum-type", "f64"],
];

const LOOPBACK = {
  OMPI_MCA_btl: "tcp,self",
  OMPI_MCA_btl_tcp_if_include: "lo",
};

Deno.test("two nodes of Slurm train one dictionary, by srun and by the recipe of a batch job", async (test) => {
  const directory = await Deno.makeTempDir();
  const one = join(directory, "one");
  await alone(...OPTIONS, "--shards", "64", "--out", one);
  const expected = await digestOf(one);
  const lost: string[] = [];
  while (lost.length < CLUSTERS && !await isUp(lost));
  const works = lost.length < CLUSTERS;
  if (!works) {
    console.error(lost.join("\n\n"));
    console.error(
      `NOTICE: none of ${CLUSTERS} Slurm clusters on this host ran a job of \`true\` (see above): not tried with Slurm.`,
    );
  }
  await test.step({
    name: "jobs",
    ignore: !works,
    fn: async () => {
      while (!await jobsRun(directory, expected, lost)) {
        assert(lost.length < CLUSTERS, lost.join("\n\n"));
        assert(await isUp(lost), lost.join("\n\n"));
      }
    },
  });
});

/** Whether a fresh cluster runs jobs; else what is known of it is added. */
async function isUp(lost: string[]): Promise<boolean> {
  const up = await slurm("up.sh");
  if (up.code === 0) return true;
  lost.push(up.out + up.err + (await slurm("state.sh")).out);
  await slurm("down.sh");
  return false;
}

/** Whether the cluster ran both jobs to the expected dictionary; one that lost a job tells what it knows of it. */
async function jobsRun(
  directory: string,
  expected: string,
  lost: string[],
): Promise<boolean> {
  const out = await Deno.makeTempDir({ dir: directory });
  try {
    for (const run of [byRun, byBatch]) {
      const ended = await run(join(out, run.name));
      if (ended.seconds * 1000 >= LIMIT_MS) {
        lost.push(ended.out + ended.err + (await slurm("state.sh")).out);
        return false;
      }
      assert.equal(ended.code, 0, ended.out + ended.err);
      assert.equal(await digestOf(join(out, run.name)), expected);
    }
    return true;
  } finally {
    await slurm("down.sh");
  }
}

function byRun(model: string): Promise<Ended> {
  return new Started(
    "srun",
    [
      ...["--kill-on-bad-exit=1", "--mpi=pmix", "-N", "2", "-n", "2"],
      ...["./dbksvd", ...OPTIONS, "--mpi", "--out", model],
    ],
    LOOPBACK,
    LIMIT_MS,
  ).ended;
}

async function byBatch(model: string): Promise<Ended> {
  const printed = `${model}.out`;
  const ended = await new Started(
    "sbatch",
    [
      ...["--wait", "--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1"],
      ...["--mem=0", "--output", printed],
      ...["docs/recipes/train.sbatch", ...OPTIONS.slice(1), "--out", model],
    ],
    LOOPBACK,
    LIMIT_MS,
  ).ended;
  const said = await Deno.readTextFile(printed).catch(() => "no output");
  return { ...ended, out: ended.out + said };
}

function slurm(script: string): Promise<Ended> {
  return new Started("sh", [join(ROOT, "tests/slow/slurm", script)]).ended;
}
