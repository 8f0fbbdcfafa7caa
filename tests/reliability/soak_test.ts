import assert from "node:assert/strict";
import type { Growth, Holding } from "../../tasks/soak/run.ts";

const ROOT = new URL("../../", import.meta.url);

// In a process of its own, as the task: counting threads and files takes permissions that tests do not have.
async function soak(
  ...args: string[]
): Promise<{ seen: Holding[]; growth: Growth }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", "-A", "tasks/soak.ts", "--json", ...args],
    cwd: ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stderr));
  return JSON.parse(text(stdout));
}

// What V8 takes before it collects comes to tens of MB in seconds; minutes are held to less in the slow tier.
function assertNothingStays(
  { seen, growth }: { seen: Holding[]; growth: Growth },
): void {
  const reported = JSON.stringify(growth);
  assert(seen.length >= 4);
  assert(growth.residentMb < 40, reported);
  assert(growth.heapMb < 12, reported);
  assert(growth.threads <= 6 && growth.openFiles <= 4, reported);
}

Deno.test("short trainings in one process, stopped ones among them, leave no thread and no file open", async () => {
  assertNothingStays(await soak("--runs", "21"));
});
