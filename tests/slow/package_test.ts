import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function deno(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: text(stdout) + text(stderr) };
}

Deno.test("the package that would be published holds the program and the library, and nothing of the tests", async () => {
  const { code, said } = await deno(
    ROOT,
    ...["publish", "--dry-run", "--allow-dirty", "--no-provenance"],
  );
  assert.equal(code, 0, said);
  const files = [...said.matchAll(/file:\/\/(\S+) \(/g)]
    .map(([, path]) => path.slice(ROOT.length));
  for (const file of ["mod.ts", "src/cli/main.ts", "kernels/omp.wgsl"]) {
    assert(files.includes(file), file);
  }
  assert(files.includes("samples/glove-10k.parquet"));
  const strange = files.filter((path) =>
    /^(tests|tasks|\.ci|docs\/images)\//.test(path)
  );
  assert.deepEqual(strange, []);
});

Deno.test("a project that uses the library passes deno check with Deno's own types", async () => {
  const folder = await Deno.makeTempDir();
  const { imports } = JSON.parse(
    await Deno.readTextFile(join(ROOT, "deno.json")),
  );
  const configuration = {
    imports: { ...imports, "@dbksvd/dbksvd": join(ROOT, "mod.ts") },
    unstable: ["raw-imports"],
  };
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify(configuration),
  );
  await Deno.writeTextFile(
    join(folder, "main.ts"),
    `import { rowsFromArray, train } from "@dbksvd/dbksvd";
const rows = rowsFromArray(new Float32Array(40), 4);
const { model } = await train(rows, { atoms: 2, sparsity: 1 }, { device: "cpu" });
const atoms: number = model.atoms;
console.log(atoms);
`,
  );
  const { code, said } = await deno(folder, "check", "main.ts");
  assert.equal(code, 0, said);
  await Deno.remove(folder, { recursive: true });
});
