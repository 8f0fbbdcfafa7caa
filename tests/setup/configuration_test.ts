import assert from "node:assert/strict";

interface Configuration {
  imports: Record<string, string>;
  unstable: string[];
  compilerOptions: Record<string, unknown>;
  permissions: Record<string, Record<string, boolean | string[]>>;
}

async function read(path: string): Promise<Configuration> {
  return JSON.parse(await Deno.readTextFile(new URL(path, import.meta.url)));
}

const program = await read("../../deno.json");
const tests = await read("../deno.json");

// Deno takes one configuration at a time, so the tests' has to repeat the program's.
Deno.test("the tests' configuration repeats the program's: packages, unstable features, compiler options", () => {
  for (const [name, target] of Object.entries(program.imports)) {
    assert.equal(tests.imports[name], target, name);
  }
  assert.deepEqual(tests.unstable, program.unstable);
  assert.deepEqual(tests.compilerOptions, program.compilerOptions);
});

// `deno task` fetches all that the root's lock names before it runs anything.
Deno.test("the program's configuration names no package that only tests use", async () => {
  const lock = await Deno.readTextFile(
    new URL("../../deno.lock", import.meta.url),
  );
  const onlyTests = Object.keys(tests.imports)
    .filter((name) => !(name in program.imports))
    .filter((name) => tests.imports[name].startsWith("npm:"));
  assert(onlyTests.includes("@duckdb/node-api"));
  for (const name of onlyTests) {
    assert(!lock.includes(`"${tests.imports[name]}"`), name);
  }
});

Deno.test("commands may do the same with a native BLAS as without, and the compiled program all that they may", () => {
  const { permissions: sets } = program;
  const { ffi, ...others } = sets.blas;
  assert.equal(ffi, true);
  assert.deepEqual(others, sets["rows-to-files"]);
  for (const name of ["rows-to-files", "files", "files-in", "share"]) {
    for (const [kind, allowed] of Object.entries(sets[name])) {
      const whole = sets.dbksvd[kind];
      const within = Array.isArray(allowed) && Array.isArray(whole)
        ? allowed.every((one) => whole.includes(one))
        : whole === allowed;
      assert(within, `${name}: ${kind}`);
    }
  }
});
