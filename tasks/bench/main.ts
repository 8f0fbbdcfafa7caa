// Measures every stage: deno task bench [--n 64,128] [--m …] [--k …] [--rows …] [--coder mp,omp] [--json] [--peer] …
import { parseArgs } from "node:util";
import { runBench } from "../../src/bench/run.ts";
import { benchTable } from "../../src/bench/table.ts";
import { DbksvdError } from "../../src/errors.ts";

const { values } = parseArgs({
  args: Deno.args.filter((arg) => arg !== "--"),
  options: {
    n: { type: "string", default: "64" },
    m: { type: "string", default: "256" },
    k: { type: "string", default: "8" },
    rows: { type: "string", default: "2048" },
    coder: { type: "string", default: "mp,omp" },
    device: { type: "string", default: "gpu" },
    "atom-batch": { type: "string" },
    gram: { type: "string", default: "f32" },
    ridge: { type: "string", default: "0" },
    runs: { type: "string", default: "20" },
    "no-subgroups": { type: "boolean", default: false },
    "train-rows": { type: "string" },
    passes: { type: "string", default: "3" },
    peer: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const numbers = (text: string) => text.split(",").map(Number);
const sizes = numbers(values.n).flatMap((n) =>
  numbers(values.m).flatMap((m) =>
    numbers(values.k).flatMap((k) =>
      numbers(values.rows).map((rows) => ({ n, m, k, rows }))
    )
  )
);
try {
  const report = await runBench({
    sizes,
    coders: values.coder.split(",") as ("mp" | "omp")[],
    device: values.device as "gpu" | "cpu",
    atomBatch: values["atom-batch"] === undefined
      ? undefined
      : Number(values["atom-batch"]),
    gram: values.gram as "f32" | "f16",
    subgroups: values["no-subgroups"] ? false : undefined,
    runs: Number(values.runs),
    ridge: Number(values.ridge),
    train: values["train-rows"] === undefined
      ? undefined
      : { rows: Number(values["train-rows"]), passes: Number(values.passes) },
    peer: values.peer,
    onProgress: (line) => console.error(line),
  });
  console.log(values.json ? JSON.stringify(report) : benchTable(report));
  if (!report.ok) Deno.exitCode = 1;
} catch (error) {
  if (!(error instanceof DbksvdError)) throw error;
  console.error(error.message);
  Deno.exitCode = error.exitCode;
}
