import { stopsAtOnce } from "./interrupted.ts";

// The other commands, and a GPU: tests/slow.
Deno.test("a second Ctrl-C ends encode and export, whatever the CPU is busy with", async () => {
  const device = ["--device", "cpu"];
  await stopsAtOnce([
    [["encode", "model", "rows.npy", "--out", "codes.parquet", ...device]],
    [[
      ...["export", "model", "rows.npy", "--format", "saelens-topk"],
      ...["--out", "sae", ...device],
    ]],
  ]);
});
