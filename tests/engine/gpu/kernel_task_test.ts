import assert from "node:assert/strict";
import { kernelCodes } from "../../../tasks/kernel.ts";

const REQUEST = {
  as: "nvidia",
  n: 2304,
  m: 4096,
  k: 20,
  rows: 65536,
  coder: "omp" as const,
};

Deno.test("deno task kernel prints a kernel as the driver gets it", async () => {
  const file = new URL("../../../tasks/kernel.ts", import.meta.url);
  const words = "omp --as nvidia --n 2304 --m 4096 --k 20".split(" ");
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", file.href, ...words],
  }).output();
  assert.equal(code, 0);
  const [{ code: expected }] = kernelCodes("omp", REQUEST);
  assert.equal(new TextDecoder().decode(stdout), `${expected}\n`);
  assert.match(expected, /const K: u32 = 20;/);
  assert.match(expected, /fn main\(/);
  assert.doesNotMatch(expected, /\/\/#|\/\/@|\$[A-Z]/);
});

Deno.test("every kernel can be printed, for every class of adapters", async () => {
  const folder = new URL("../../../kernels", import.meta.url);
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile) continue;
    const kernel = name.replace(/\.wgsl$/, "")
      .replace(/_(.)/g, (_, letter) => letter.toUpperCase());
    for (const as of ["nvidia", "software", "other"]) {
      const codes = kernelCodes(kernel, { ...REQUEST, as });
      assert(codes.every(({ code }) => code.includes("fn main(")), kernel);
    }
  }
});

Deno.test("a kernel that there is none of is refused, with the names of all", () => {
  assert.throws(
    () => kernelCodes("opm", REQUEST),
    /no kernel "opm".*: take one of above, apply, .*omp.*worst/,
  );
  assert.throws(
    () => kernelCodes("omp", { ...REQUEST, as: "voodoo" }),
    /no class of adapters "voodoo": take one of nvidia, software, other/,
  );
});
