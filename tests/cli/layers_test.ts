import assert from "node:assert/strict";
import { Command } from "@commander-js/extra-typings";
import { applyLayers, variableOf } from "../../src/cli/layers.ts";
import { wholeNumber, wholeNumbers } from "../../src/cli/options.ts";
import { FakeIo } from "./fake_io.ts";

interface Setting {
  args?: string[];
  variables?: Record<string, string>;
  config?: unknown;
}

// A command of every kind of option, its values after all layers.
async function settle({ args = [], variables = {}, config }: Setting) {
  const command = new Command("train").argument("[input...]")
    .option("--atoms <count>", "", wholeNumber(), 512)
    .option("--sample-batch <rows>", "", wholeNumber())
    .option("--groups <sizes>", "", wholeNumbers)
    .option("--keep <column...>")
    .option("--nonnegative")
    .option("--blas [library]")
    .option("--mpi")
    .option("--no-center")
    .option("--config <file>");
  let inputs: string[] = [];
  command.hook("preAction", () => applyLayers(command, new FakeIo(variables)));
  command.action((given) => {
    inputs = given;
  });
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    if (config !== undefined) {
      const text = typeof config === "string" ? config : JSON.stringify(config);
      await Deno.writeTextFile(file, text);
      args = [...args, "--config", file];
    }
    await command.parseAsync(args, { from: "user" });
  } finally {
    await Deno.remove(file);
  }
  const { config: _file, ...options } = command.opts();
  return { ...options, inputs };
}

Deno.test("applyLayers() lets the command line win over variables, and them over the file", async () => {
  const config = { atoms: 3, sampleBatch: 30, groups: [1, 2] };
  const variables = { DBKSVD_ATOMS: "2", DBKSVD_SAMPLE_BATCH: "20" };
  assert.deepEqual(
    await settle({ args: ["--atoms", "1"], variables, config }),
    { atoms: 1, sampleBatch: 20, groups: [1, 2], center: true, inputs: [] },
  );
});

Deno.test("applyLayers() leaves DBKSVD_MPI alone: it names a library", async () => {
  const variables = { DBKSVD_MPI: "libmpich.so.12" };
  const settled = await settle({ variables });
  assert.deepEqual(settled, await settle({}));
  const { mpi } = await settle({ config: { mpi: true } }) as { mpi?: true };
  assert.equal(mpi, true);
});

Deno.test("applyLayers() leaves defaults where nothing is said", async () => {
  assert.deepEqual(await settle({}), { atoms: 512, center: true, inputs: [] });
});

Deno.test("applyLayers() reads switches and lists from both places", async () => {
  const config = { nonnegative: true, center: false, keep: ["id", "text"] };
  const expected = {
    atoms: 512,
    center: false,
    nonnegative: true,
    keep: ["id", "text"],
    inputs: [],
  };
  assert.deepEqual(await settle({ config }), expected);
  const variables = {
    DBKSVD_NONNEGATIVE: "1",
    DBKSVD_CENTER: "false",
    DBKSVD_KEEP: "id,text",
  };
  assert.deepEqual(await settle({ variables }), expected);
});

Deno.test("applyLayers() takes an option whose value may be left out as a switch or with the value", async () => {
  const blas = async (setting: Setting) =>
    (await settle(setting) as { blas?: string | true }).blas;
  assert.equal(await blas({ variables: { DBKSVD_BLAS: "1" } }), true);
  assert.equal(await blas({ variables: { DBKSVD_BLAS: "0" } }), undefined);
  assert.equal(await blas({ variables: { DBKSVD_BLAS: "b.so" } }), "b.so");
  assert.equal(await blas({ config: { blas: true } }), true);
  assert.equal(await blas({ config: { blas: "b.so" } }), "b.so");
});

Deno.test("applyLayers() takes inputs from the file where the command line has none", async () => {
  const config = { inputs: ["a.parquet", "b.parquet"] };
  assert.deepEqual((await settle({ config })).inputs, config.inputs);
  const given = await settle({ args: ["c.parquet"], config });
  assert.deepEqual(given.inputs, ["c.parquet"]);
});

Deno.test("applyLayers() refuses an unknown key and names the near one", async () => {
  await assert.rejects(settle({ config: { atom: 3 } }), {
    kind: "usage",
    message: /Unknown parameter "atom".*: did you mean "atoms"\?/,
  });
});

Deno.test("applyLayers() refuses values that the option does not take, naming their origin", async () => {
  await assert.rejects(settle({ variables: { DBKSVD_ATOMS: "many" } }), {
    kind: "usage",
    message: 'DBKSVD_ATOMS is "many": it takes a whole number from 1',
  });
  await assert.rejects(settle({ config: { atoms: { a: 1 } } }), {
    kind: "usage",
    message: /"atoms" in .* is {"a":1}: it takes a whole number from 1$/,
  });
  await assert.rejects(settle({ config: { nonnegative: "perhaps" } }), {
    kind: "usage",
    message: /"nonnegative" in .* is "perhaps": it takes true or false/,
  });
});

Deno.test("applyLayers() refuses a file that is missing, no JSON or no object", async () => {
  await assert.rejects(settle({ config: "{ atoms" }), {
    kind: "usage",
    message: /not JSON.*correct it/,
  });
  await assert.rejects(settle({ config: [1] }), {
    kind: "usage",
    message: /no JSON object/,
  });
  await assert.rejects(settle({ args: ["--config", "/no/such.json"] }), {
    kind: "usage",
    message: /cannot be read \(\/no\/such\.json\)/,
  });
});

Deno.test("variableOf() names the variable of an option", () => {
  assert.equal(variableOf("sampleBatch"), "DBKSVD_SAMPLE_BATCH");
});

Deno.test("applyLayers() takes a model's own record for the options that trained it, as far as the command has them", async () => {
  const config = {
    formatVersion: 1,
    parameters: { atoms: 64, groups: [32, 32], center: false, minUses: 2 },
    inputs: [{ path: "a.parquet", rows: 9, bytes: 99 }],
    reading: { keep: ["id"] },
    column: "embedding",
    rows: { read: 9 },
  };
  assert.deepEqual(await settle({ args: ["--atoms", "5"], config }), {
    atoms: 5,
    groups: [32, 32],
    center: false,
    keep: ["id"],
    inputs: ["a.parquet"],
  });
});
