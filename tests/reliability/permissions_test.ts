import assert from "node:assert/strict";
import { join } from "node:path";

async function run(...flags: string[]) {
  const child = join(import.meta.dirname!, "memory_child.ts");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", "--no-prompt", ...flags, child],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("the library trains without any permission, and with a thread of its own to the same numbers", async () => {
  const without = await run();
  assert.equal(without.code, 0, without.stderr);
  const { atoms, device } = JSON.parse(without.stdout);
  assert.deepEqual([atoms, device], [8, "cpu"]);
  const withRead = await run("--allow-read");
  assert.equal(withRead.code, 0, withRead.stderr);
  assert.equal(withRead.stdout, without.stdout);
});
