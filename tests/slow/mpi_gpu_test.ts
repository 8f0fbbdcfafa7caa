// The GPU engine in ranks, on whatever driver there is: Mesa's software one will do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { alone, digestOf, LAUNCHERS, ranks } from "./mpi.ts";

const SMALL = [
  ...["train", "samples/glove-10k.parquet", "--max-rows", "1200"],
  ...["--atoms", "48", "--matryoshka", "16,32", "--sparsity", "4"],
  ...["--passes", "2", "--sample-batch", "400", "--sums", "2"],
  ...["--power-steps", "2", "--patience", "2", "--min-uses", "20"],
  ...["--device", "gpu", "--shards", "8", "--quiet"],
];

async function configOf(model: string) {
  return JSON.parse(await Deno.readTextFile(join(model, "config.json")));
}

Deno.test("ranks train on GPUs as one process does, to the same bytes each time, and tell their devices", async () => {
  const out = await Deno.makeTempDir();
  const model = (name: string) => join(out, name);
  const one = await alone(...SMALL, "--out", model("one"));
  assert.equal(one.code, 0, one.err);
  for (const name of ["two", "again"]) {
    const args = [...SMALL, "--mpi", "--out", model(name)];
    const { code, err } = await ranks(LAUNCHERS["Open MPI"], 2, args);
    assert.equal(code, 0, err);
  }
  assert.equal(await digestOf(model("again")), await digestOf(model("two")));
  const [expected, found] = await Promise.all([
    configOf(model("one")),
    configOf(model("two")),
  ]);
  assert.equal(found.device.kind, "gpu");
  assert.equal(found.distributed.devices.length, 2);
  for (const device of found.distributed.devices) {
    assert.match(device, new RegExp(RegExp.escape(found.device.name)));
  }
  assert.equal(found.rows.training, expected.rows.training);
  for (const rows of ["heldOut", "training"] as const) {
    const off = Math.abs(found[rows].fvu / expected[rows].fvu - 1);
    assert(off < 1e-4, `${rows}: ${off} off`);
  }
});

Deno.test("ranks code and measure on GPUs", async () => {
  const out = await Deno.makeTempDir();
  const model = join(out, "model");
  const trained = await alone(...SMALL, "--out", model);
  assert.equal(trained.code, 0, trained.err);
  const rows = [model, "samples/glove-10k.parquet", "--max-rows", "900"];
  const device = ["--device", "gpu", "--json"];
  const [launcher, count] = [LAUNCHERS["Open MPI"], 2] as const;
  const codes = join(out, "codes");
  const encoded = await ranks(launcher, count, [
    ...["encode", ...rows, ...device, "--mpi", "--out", codes],
  ]);
  assert.equal(encoded.code, 0, encoded.err);
  assert.equal(JSON.parse(encoded.out).rows, 900);
  const one = await alone("evaluate", ...rows, ...device);
  const two = await ranks(launcher, count, [
    ...["evaluate", ...rows, ...device, "--mpi"],
  ]);
  assert.equal(two.code, 0, two.err);
  const fvu = ({ out }: { out: string }) => JSON.parse(out).metrics.fvu;
  assert(Math.abs(fvu(two) / fvu(one) - 1) < 1e-5);
});
