import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gridTexts } from "./wgsl/grid.ts";
import { keepText } from "./wgsl/keep.ts";
import type { TintReport } from "./wgsl/tint.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Suites of the GPU engine that are too long for the quick tier: run here, by each driver. */
const SLOW_SUITES = [...Deno.readDirSync(`${ROOT}tests/slow/gpu`)]
  .map(({ name }) => `tests/slow/gpu/${name}`);

/**
 * Drivers that the GPU suites run on: the machine's own, Mesa's as a rule, and the one in Debian's chromium package.
 */
const DRIVERS: { adapter: RegExp; env: Record<string, string> }[] = [
  { adapter: /^(?!SwiftShader)/, env: {} },
  {
    adapter: /^SwiftShader/,
    env: { VK_DRIVER_FILES: "/usr/lib/chromium/vk_swiftshader_icd.json" },
  },
];

/** What one run of the suites printed, and the adapter it ran on. */
interface SuiteRun {
  adapter: string;
  code: number;
  said: string;
}

async function deno(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), said: text(stdout) + text(stderr) };
}

async function runSuites(
  texts: string,
  { env }: typeof DRIVERS[number],
): Promise<SuiteRun> {
  const doctor = ["run", "-q", "-A", "src/cli/main.ts", "doctor", "--json"];
  const { adapter } = JSON.parse((await deno(doctor, env)).out);
  const { code, said } = await deno([
    ...["test", "-c", "tests/deno.json", "--no-check", "-A"],
    ...["--preload", "tests/slow/wgsl/collect.ts"],
    ...["tests/gpu", "tests/kernels", ...SLOW_SUITES],
  ], { ...env, KERNEL_TEXTS: texts });
  return { adapter: adapter.name, code, said };
}

let collected: Promise<{ folder: string; runs: SuiteRun[] }> | undefined;

// The suites on all drivers at once, with every text that they gave to createShaderModule.
function collect() {
  return collected ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "dbksvd-texts-" });
    const runs = await Promise.all(
      DRIVERS.map((driver) => runSuites(folder, driver)),
    );
    return { folder, runs };
  })();
}

Deno.test.afterAll(async () => {
  if (collected === undefined) return;
  await Deno.remove((await collected).folder, { recursive: true });
});

Deno.test("the GPU engine and its kernels pass their suites on two drivers, with nothing left out", async () => {
  const { runs } = await collect();
  runs.forEach(({ adapter, code, said }, i) => {
    assert.match(adapter, DRIVERS[i].adapter);
    assert.equal(code, 0, `${adapter}:\n${said}`);
    const [, rest] = /^ok \| \d+ passed(.*)$/m.exec(said) ?? [];
    assert.match(rest ?? said, /^ \| 0 failed \(/, adapter);
  });
});

Deno.test("every kernel of every suite, class of adapters, form and limit is WGSL by the standard: Tint takes it", async () => {
  const { folder } = await collect();
  for (const { name, code } of gridTexts()) keepText(folder, name, code);
  const { code, out, said } = await deno([
    ...["run", "-q", "-c", "tests/slow/deno.json", "--no-check", "-A"],
    ...["tests/slow/wgsl/tint.ts", folder],
  ]);
  assert.equal(code, 0, said);
  const { texts, refused } = JSON.parse(out) as TintReport;
  assert.deepEqual(refused, []);
  assert(texts > 1000, `only ${texts} texts`);
});
