/**
 * Fuzzes every parser of files for as long as is asked: `deno run -A tasks/fuzz.ts --runs 10000 --seed 1 [--only
 * npy,codes]`. Prints the outcomes by parser; files that a parser failed on go to `fuzz-failures/`.
 */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz/run.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: "0" },
    only: { type: "string" },
  },
});
const results = await fuzz({
  runs: Number(values.runs),
  seed: Number(values.seed),
  only: values.only?.split(","),
  onDone: (parser, { failures, ...counts }) =>
    console.log(parser, { ...counts, failed: failures.length }),
});
const failures = [...results.values()].flatMap((counts) => counts.failures);
for (const { target, run, error, bytes } of failures) {
  const path = `fuzz-failures/${target}-${values.seed}-${run}`;
  await Deno.mkdir("fuzz-failures", { recursive: true });
  await Deno.writeFile(path, bytes);
  console.error(`${path}: ${error}`);
}
if (failures.length > 0) Deno.exit(1);
