import assert from "node:assert/strict";
import { join } from "node:path";

const VARIABLE = "DENO_WEBGPU_BACKEND";

async function backendAsked(
  flags: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const child = join(import.meta.dirname!, "backend_child.ts");
  const inherited = Deno.env.toObject();
  delete inherited[VARIABLE];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", "--no-prompt", ...flags, child],
    env: { ...inherited, ...env },
    clearEnv: true,
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test({
  name: "on Linux the adapter is asked for with Vulkan alone",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    assert.equal(await backendAsked([`--allow-env=${VARIABLE}`]), "vulkan");
  },
});

Deno.test("a backend that the user chose stays", async () => {
  const chosen = { [VARIABLE]: "vulkan,gl" };
  const flags = [`--allow-env=${VARIABLE}`];
  assert.equal(await backendAsked(flags, chosen), "vulkan,gl");
});

Deno.test("without permission for the variable an adapter is asked for all the same", async () => {
  assert.equal(await backendAsked([]), "not allowed");
});

Deno.test("every named set of permissions lets the tool choose the backend", async () => {
  const file = join(import.meta.dirname!, "../../deno.json");
  const { permissions } = JSON.parse(await Deno.readTextFile(file));
  for (
    const [name, { all, env }] of Object.entries<
      { all?: boolean; env?: string[] }
    >(permissions)
  ) {
    assert(all === true || env?.includes(VARIABLE), name);
  }
});
