import { stopsAtOnce } from "./interrupted.ts";

// The other commands, and a GPU: tests/slow.
Deno.test("a second Ctrl-C ends export, whatever the CPU is busy with", () =>
  stopsAtOnce([
    [[
      ...["export", "model", "rows.npy", "--format", "saelens-topk"],
      ...["--out", "sae", "--device", "cpu"],
    ]],
  ]));
