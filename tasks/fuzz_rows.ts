import { parseArgs } from "node:util";
import { fuzz } from "../tests/rows/fuzz/run.ts";

// Damages Parquet files and reads them: deno run -A tasks/fuzz_rows.ts --runs 20000 --seed 1 [--first RUN] [--columns]
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20000" },
    seed: { type: "string", default: "0" },
    first: { type: "string", default: "0" },
    columns: { type: "boolean", default: false },
  },
});
const directory = await Deno.makeTempDir();
try {
  const report = await fuzz(
    Number(values.runs),
    Number(values.seed),
    directory,
    Number(values.first),
    values.columns ? "columns" : "vectors",
  );
  console.log(JSON.stringify(report, undefined, 2));
  Deno.exitCode = report.failures.length === 0 ? 0 : 1;
} finally {
  await Deno.remove(directory, { recursive: true });
}
