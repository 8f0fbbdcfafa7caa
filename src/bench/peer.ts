import { fileURLToPath } from "node:url";
import type { StageName } from "./types.ts";
import type { BenchSize } from "./size.ts";

/** What the PyTorch peer took, in milliseconds by stage. */
export type PeerTimes = Partial<Record<StageName | "stepOmp", number>>;

/** Beside this file in a checkout; a compiled program has none. */
const SCRIPT = fileURLToPath(
  new URL("../../tasks/bench/torch_dbksvd.py", import.meta.url),
);

/**
 * Runs the PyTorch peer on the same problem, where python3 with torch and CUDA is there.
 *
 * @returns its times, or why there are none
 */
export async function runPeer(
  { n, m, k, rows }: BenchSize,
  atomBatch: number,
): Promise<PeerTimes | { missing: string }> {
  const ready = await python([
    "-c",
    "import torch; assert torch.cuda.is_available(), 'no CUDA device'",
  ]);
  if (!ready.ok) return { missing: lastLine(ready.error) };
  const sizes = [rows, n, m, k, atomBatch].map(String);
  const run = await python([SCRIPT, ...sizes, "--json"]);
  if (!run.ok) return { missing: lastLine(run.error) };
  const answer = JSON.parse(lastLine(run.output)) as Record<
    string,
    { ms?: number } | null
  >;
  const times: PeerTimes = {};
  for (
    const stage of [
      "correlate",
      "gram",
      "mp",
      "omp",
      "refit",
      "update",
      "step",
      "stepOmp",
    ] as const
  ) {
    const ms = answer[stage]?.ms;
    if (ms !== undefined) times[stage] = ms;
  }
  return times;
}

async function python(
  args: string[],
): Promise<{ ok: boolean; output: string; error: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command("python3", {
      args,
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { ok: success, output: text(stdout), error: text(stderr) };
  } catch (error) {
    return { ok: false, output: "", error: String(error) };
  }
}

function lastLine(text: string): string {
  return text.split("\n").at(-1) ?? "";
}
