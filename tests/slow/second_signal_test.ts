import { findAdapter } from "../../src/gpu/device.ts";
import { stopsAtOnce } from "../reliability/interrupted.ts";

Deno.test("a second Ctrl-C ends every command that codes, matches or learns, whatever the CPU is busy with", async () => {
  const device = ["--device", "cpu"];
  await stopsAtOnce([
    [["evaluate", "model", "other", "rows.npy", ...device]],
    [["inspect", "model", "rows.npy", ...device]],
    [["encode", "model", "rows.npy", "--out", "codes.parquet", ...device]],
    [["compare", "wide", "wider"], 2000],
    [[
      ...["export", "model", "rows.npy", "--format", "saelens-topk"],
      ...["--out", "sae", ...device],
    ]],
    [[
      "sweep",
      "rows.npy",
      "--passes",
      "90",
      "--atoms",
      "3000",
      "--sparsity",
      "40",
      ...["--out", "a-sweep", ...device],
    ]],
  ], ["a-sweep"]);
});

Deno.test({
  name: "a second Ctrl-C ends coding and training on a GPU",
  ignore: await findAdapter() === undefined,
  fn: () =>
    stopsAtOnce([
      [[
        ...["encode", "model", "rows.npy", "--out", "codes.parquet"],
        ...["--device", "gpu"],
      ]],
      [[
        ...["train", "rows.npy", "--atoms", "3000", "--sparsity", "40"],
        ...["--sample-batch", "20000", "--device", "gpu", "--out", "trained"],
      ]],
    ]),
});
