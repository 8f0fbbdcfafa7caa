import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { assertDocument } from "../cli/documents.ts";
import {
  alone,
  digestOf,
  LAUNCHERS,
  ranks,
  Started,
  startRanks,
} from "./mpi.ts";

const SMALL = [
  ...["train", "--max-rows", "3000", "--atoms", "64", "--sparsity", "4"],
  ...["--passes", "3", "--sums", "2", "--device", "cpu", "--quiet"],
];

for (const [name, launcher] of Object.entries(LAUNCHERS)) {
  for (const count of name === "Open MPI" ? [1, 2, 3, 4] : [2, 3]) {
    Deno.test(`${name}: ${count} ranks sum, gather and broadcast in a fixed order`, async () => {
      const [command, ...options] = launcher;
      const script = [Deno.execPath(), "run", "-A", "--no-check"];
      const rank = ["-c", "tests/deno.json", "tests/slow/mpi_rank.ts"];
      const args = [...options, "-n", String(count), ...script, ...rank];
      const { code, out, err } = await new Started(command, args).ended;
      assert.equal(code, 0, err);
      assert.match(out, new RegExp(`^${count} ranks, `));
    });
  }
}

Deno.test("with float64 sums, one dictionary comes of one process and of 1, 2 and 4 ranks, whatever the library", async () => {
  const out = await Deno.makeTempDir();
  const options = [...SMALL, "--sum-type", "f64"];
  const one = join(out, "one");
  const { code, err } = await alone(
    ...[...options, "--shards", "64", "--out", one],
  );
  assert.equal(code, 0, err);
  const expected = await digestOf(one);
  for (const [name, launcher] of Object.entries(LAUNCHERS)) {
    for (const count of name === "Open MPI" ? [1, 2, 4] : [2]) {
      const model = join(out, `${name} ${count}`);
      const args = [...options, "--mpi", "--out", model];
      const { code, err } = await ranks(launcher, count, args);
      assert.equal(code, 0, err);
      assert.equal(await digestOf(model), expected, `${name}, ${count} ranks`);
      const { distributed, parameters } = JSON.parse(
        await Deno.readTextFile(join(model, "config.json")),
      );
      assert.equal(distributed.ranks, count);
      assert.equal(distributed.devices.length, count);
      assert.match(distributed.library, /^(Open MPI v|MPICH )\d/);
      assert.deepEqual([parameters.shards, parameters.sums], [64, 2]);
    }
  }
});

Deno.test("with float32 sums, three ranks give the same bytes over shared memory, TCP and MPICH", async () => {
  const out = await Deno.makeTempDir();
  const digests = new Set<string>();
  for (const [name, launcher] of Object.entries(LAUNCHERS)) {
    const model = join(out, name);
    const args = [...SMALL, "--mpi", "--out", model];
    const { code, err } = await ranks(launcher, 3, args);
    assert.equal(code, 0, err);
    digests.add(await digestOf(model));
  }
  assert.equal(digests.size, 1);
});

Deno.test("a launcher of another library is recognised and refused; nothing is written", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  for (
    const [launcher, library] of [
      [LAUNCHERS["Open MPI"], "libmpich.so.12"],
      [LAUNCHERS.MPICH, "libmpi.so.40"],
    ] as const
  ) {
    const args = [...SMALL, "--mpi", "--out", out];
    const { code, err } = await ranks(launcher, 2, args, {
      DBKSVD_MPI: library,
    });
    assert.notEqual(code, 0);
    assert.match(err, /started 2 processes, but .* sees 1: start it with/);
    await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
  }
  const { code, err } = await ranks(
    LAUNCHERS["Open MPI"],
    2,
    [...SMALL, "--mpi", "--out", out],
    { DBKSVD_MPI: "/nowhere/libmpi.so" },
  );
  assert.notEqual(code, 0);
  assert.match(err, /No MPI library \(\/nowhere\/libmpi\.so: /);
});

Deno.test("a killed rank ends all within 10 s; the run goes on from 4 ranks on 2, to the bytes of one that was never stopped", async () => {
  const out = await Deno.makeTempDir();
  const options = [
    ...[...SMALL, "--passes", "12", "--sum-type", "f64", "--mpi"],
    ...["--checkpoint-every", "4", "--out"],
  ];
  const whole = join(out, "whole"), broken = join(out, "broken");
  const first = await ranks(LAUNCHERS["Open MPI"], 2, [...options, whole]);
  assert.equal(first.code, 0, first.err);
  const job = startRanks(LAUNCHERS["Open MPI"], 4, [...options, broken]);
  await checkpointIn(broken);
  const victim = (await job.ranks()).get(1)!;
  const killed = performance.now();
  Deno.kill(victim, "SIGKILL");
  const { code } = await job.ended;
  assert.notEqual(code, 0);
  assert(performance.now() - killed < 10_000);
  assert.equal((await job.ranks()).size, 0);
  const resumed = await ranks(
    LAUNCHERS["Open MPI"],
    2,
    [...options, broken, "--resume"],
  );
  assert.equal(resumed.code, 0, resumed.err);
  assert.equal(await digestOf(broken), await digestOf(whole));
});

Deno.test("a signal to any rank stops all where the run is saved, and one process can finish it", async () => {
  const out = await Deno.makeTempDir();
  const options = [...SMALL, "--passes", "12", "--sum-type", "f64", "--out"];
  const whole = join(out, "whole"), stopped = join(out, "stopped");
  const one = await alone(...options, whole, "--shards", "64");
  assert.equal(one.code, 0, one.err);
  const job = startRanks(
    LAUNCHERS["Open MPI"],
    3,
    [...options, stopped, "--mpi", "--checkpoint-every", "4"],
  );
  await checkpointIn(stopped);
  Deno.kill((await job.ranks()).get(2)!, "SIGTERM");
  const { code, err } = await job.ended;
  assert.equal(code, 143, err);
  assert.match(err, /Saved at iteration \d+/);
  assert.equal(err.match(/Stopped by SIGTERM/g)?.length, 1, err);
  const resumed = await alone(
    ...[...options, stopped, "--shards", "64", "--resume"],
  );
  assert.equal(resumed.code, 0, resumed.err);
  assert.equal(await digestOf(stopped), await digestOf(whole));
});

Deno.test("an error on one rank is printed with its number and ends all within 10 s", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  const [command, ...options] = LAUNCHERS["Open MPI"];
  const train = [...SMALL, "--mpi", "--out", out];
  const [name, ...flags] = train;
  const { code, err, seconds } = await new Started(command, [
    ...[...options, "-n", "1", "./dbksvd", ...train, ":"],
    ...["-n", "1", "./dbksvd", name, "nowhere.parquet", ...flags],
  ]).ended;
  assert.notEqual(code, 0);
  assert.match(err, /^rank 1: .*nowhere\.parquet/m);
  assert(seconds < 60, `${seconds} s`);
});

Deno.test("ranks of other options are refused, and a rank that fails before it has joined ends all, whatever the launcher", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  const train = [...SMALL, "--mpi", "--out", out];
  for (const [name, launcher] of Object.entries(LAUNCHERS)) {
    const [command, ...options] = launcher;
    const beside = (...flags: string[]) =>
      new Started(command, [
        ...[...options, "-n", "1", "./dbksvd", ...train, ":"],
        ...["-n", "1", "./dbksvd", ...train, ...flags],
      ]).ended;
    const other = await beside("--seed", "3");
    assert.notEqual(other.code, 0, name);
    assert.match(other.err, /^rank \d: Rank 1 has another seed \(3\)/m);
    const unjoined = await beside("--passes", "none");
    assert.notEqual(unjoined.code, 0, name);
    assert.match(unjoined.err, /--passes.*'none' is invalid/);
    assert(unjoined.seconds < 10, `${name}: ${unjoined.seconds} s`);
  }
  await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
});

Deno.test("more ranks than shards, retries and exact updates are refused", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  for (
    const [flags, why] of [
      [["--shards", "1"], /2 processes cannot share 1 shards/],
      [["--retries", "2"], /--retries is for one process/],
      [["--exact"], /--exact updates atom by atom/],
    ] as const
  ) {
    const args = [...SMALL, "--mpi", ...flags, "--out", out];
    const { code, err } = await ranks(LAUNCHERS.MPICH, 2, args);
    assert.notEqual(code, 0);
    assert.match(err, why);
  }
});

Deno.test("sweep --mpi deals trainings out and doctor --mpi tells of ranks", async () => {
  const sizes = ["--atoms", "16,32,48", "--sparsity", "2", "--json"];
  const args = [
    ...["sweep", ...sizes, "--passes", "1", "--max-rows", "2000"],
    ...["--device", "cpu", "--out"],
  ];
  const folder = await Deno.makeTempDir();
  const outs = [join(folder, "one"), join(folder, "two")];
  const one = JSON.parse((await alone(...args, outs[0])).out);
  const two = await ranks(LAUNCHERS.MPICH, 2, [...args, outs[1], "--mpi"]);
  assert.equal(two.code, 0, two.err);
  const bare = (runs: { seconds: number; model: string }[]) =>
    runs.map((run) => ({ ...run, seconds: 0, model: basename(run.model) }));
  const kept = (out: string) =>
    [...Deno.readDirSync(out)].map(({ name }) => name).sort();
  assert.deepEqual(kept(outs[1]), kept(outs[0]));
  assert.deepEqual(bare(JSON.parse(two.out).runs), bare(one.runs));
  const doctor = await ranks(LAUNCHERS["Open MPI"], 2, [
    ...["doctor", "--mpi", "--json"],
  ]);
  const document = JSON.parse(doctor.out);
  assertDocument("doctor", document);
  assertDocument("sweep", JSON.parse(two.out));
  assert.equal(document.ranks.length, 2);
  assert.equal(document.alike, true);
  assert(document.sum.milliseconds > 0);
});

Deno.test("ranks encode into parts that are decoded as one file, and measure what one process does", async () => {
  const out = await Deno.makeTempDir();
  const model = join(out, "model"), codes = join(out, "codes");
  const trained = await alone(...SMALL, "--out", model);
  assert.equal(trained.code, 0, trained.err);
  const rows = [model, "samples/glove-10k.parquet", "--max-rows", "3000"];
  const encoded = await ranks(LAUNCHERS.MPICH, 3, [
    ...["encode", ...rows, "--mpi", "--out", codes, "--json"],
  ]);
  assert.equal(encoded.code, 0, encoded.err);
  assertDocument("encode", JSON.parse(encoded.out));
  const decoded = await alone(
    ...["decode", model, codes, "--out", join(out, "rows.parquet"), "--json"],
  );
  assert.equal(JSON.parse(decoded.out).rows, 3000);
  const one = JSON.parse((await alone("evaluate", ...rows, "--json")).out);
  const two = await ranks(LAUNCHERS["Open MPI"], 2, [
    ...["evaluate", ...rows, "--mpi", "--json"],
  ]);
  const { metrics } = JSON.parse(two.out);
  assertDocument("evaluate", JSON.parse(two.out));
  assert.equal(metrics.rows, one.metrics.rows);
  assert(Math.abs(metrics.fvu - one.metrics.fvu) < 1e-9);
});

Deno.test("ranks tell of all the rows that were not used, though each reads its own", async () => {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "rows.f32"), model = join(folder, "model");
  const values = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i * i));
  for (const row of [7, 400, 401, 999]) values[4 * row] = NaN;
  await Deno.writeFile(file, new Uint8Array(values.buffer));
  const reading = [file, "--width", "4", "--skip-invalid", "--mpi", "--json"];
  const sizes = ["--atoms", "8", "--sparsity", "2", "--passes", "1"];
  for (
    const args of [
      ["train", ...reading, ...sizes, "--device", "cpu", "--out", model],
      ["encode", model, ...reading, "--out", join(folder, "codes")],
      ["evaluate", model, ...reading],
    ]
  ) {
    const { out, err } = await ranks(LAUNCHERS["Open MPI"], 2, args);
    assert.deepEqual(JSON.parse(out).dropped, { invalid: 4 }, err);
  }
});

async function checkpointIn(model: string): Promise<void> {
  for (let waited = 0; waited < 120_000; waited += 50) {
    try {
      for await (const { name } of Deno.readDir(join(model, ".checkpoint"))) {
        if (/^checkpoint-\d+\.safetensors$/.test(name)) return;
      }
    } catch {
      // Nothing is there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("no checkpoint was written");
}
