import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { WORKERS } from "../../tasks/compile.ts";

const ROOT = new URL("../../", import.meta.url);

interface Graph {
  modules: {
    specifier: string;
    error?: string;
    npmPackage?: string;
    dependencies?: { code?: { specifier?: string }; isDynamic?: boolean }[];
  }[];
}

// What `deno compile` puts into a binary.
async function graphOf(entries: readonly string[]): Promise<Graph[]> {
  return await Promise.all(entries.map(async (entry) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: ROOT,
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  }));
}

async function filesUnder(folder: string, ending: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) files.push(...await filesUnder(`${path}/`, ending));
    else if (path.endsWith(ending)) files.push(path);
  }
  return files;
}

const graphs = await graphOf(["src/cli/main.ts", ...WORKERS]);
const inGraph = new Set(
  graphs.flatMap(({ modules }) =>
    modules.filter(({ specifier }) => specifier.startsWith("file:"))
      .map(({ specifier }) => fileURLToPath(specifier))
  ),
);

Deno.test("the module graph of the program resolves without an error", () => {
  for (const { modules } of graphs) {
    assert.deepEqual(modules.filter(({ error }) => error !== undefined), []);
  }
});

Deno.test("the module graph carries every kernel and the sample", async () => {
  const assets = [
    ...await filesUnder("kernels/", ".wgsl"),
    "samples/glove-10k.parquet",
  ];
  for (const asset of assets) {
    assert(inGraph.has(fileURLToPath(new URL(asset, ROOT))), asset);
  }
});

// What a module loads as it starts.
function loadedBy(module: string, { modules }: Graph): Set<string> {
  const known = new Map(modules.map((one) => [one.specifier, one]));
  const loaded = new Set<string>();
  const load = (specifier: string) => {
    if (loaded.has(specifier)) return;
    loaded.add(specifier);
    for (
      const { code, isDynamic } of known.get(specifier)?.dependencies ?? []
    ) {
      if (!isDynamic && code?.specifier) load(code.specifier);
    }
  };
  load(new URL(module, ROOT).href);
  return loaded;
}

Deno.test("uses load kernels of the GPU only once a GPU is to do the work", () => {
  for (const use of ["train", "export", "evaluate"]) {
    const loaded = [...loadedBy(`src/use/${use}.ts`, graphs[0])];
    assert(loaded.length > 50, use);
    assert.deepEqual(loaded.filter((name) => name.endsWith(".wgsl")), [], use);
  }
});

Deno.test("src imports by literal names only, so that nothing is missing from a binary", async () => {
  for (const file of await filesUnder("src/", ".ts")) {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    assert.doesNotMatch(text, /(?<![\w.#])import\(\s*[^"'\s]/, file);
  }
});

// Peers, not parts of the program: where there is no checkout, the bench says that they are missing.
const PEERS = ["torch", "numpy"].map((name) =>
  new URL(`tasks/bench/${name}_dbksvd.py`, ROOT).href
);

Deno.test("src finds nothing by its own place but workers, the sample and the bench's peers", async () => {
  const started = new Set<string>();
  for (const file of await filesUnder("src/", ".ts")) {
    if (file === "src/cli/sample.ts") continue;
    const text = await Deno.readTextFile(new URL(file, ROOT));
    const places = text.matchAll(/import\.meta\.(?:url|dirname|filename)/g);
    const urls = [
      ...text.matchAll(/new URL\(\s*"([^"]+)",\s*import\.meta\.url,?\s*\)/g),
    ];
    assert.equal([...places].length, urls.length, file);
    for (const [, path] of urls) {
      started.add(new URL(path, new URL(file, ROOT)).href);
    }
  }
  assert.deepEqual(
    [...started].sort(),
    [...WORKERS.map((worker) => new URL(worker, ROOT).href), ...PEERS]
      .sort(),
  );
});

Deno.test("the program needs no package that is there for tests", () => {
  const tests = [
    "@duckdb/node-api",
    "nodejs-polars",
    "parquet-wasm",
    "apache-arrow",
    "playwright-core",
    "fast-check",
  ];
  const used = graphs.flatMap(({ modules }) =>
    modules.flatMap(({ npmPackage }) => npmPackage ?? [])
  );
  for (const name of tests) {
    const found = used.find((one) => one.startsWith(`${name}@`));
    assert.equal(found, undefined);
  }
});
