/**
 * Trains for long and tells whether what the process holds stays flat (Linux): `deno run -A tasks/soak.ts --minutes
 * 60` for one training, `--runs 1000` for short ones; `--device cpu,gpu`; `--json`.
 */
import { parseArgs } from "node:util";
import type { DeviceChoice } from "../src/engine/engine.ts";
import {
  growthOf,
  type Holding,
  longTraining,
  shortTrainings,
  slopeOf,
} from "./soak/run.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    minutes: { type: "string" },
    runs: { type: "string", default: "1000" },
    device: { type: "string", default: "cpu" },
    json: { type: "boolean" },
  },
});
const device = values.device as DeviceChoice;
const seen = values.minutes === undefined
  ? await shortTrainings(Number(values.runs), device)
  : await longTraining(60 * Number(values.minutes), device);
const growth = growthOf(seen);
if (values.json) console.log(JSON.stringify({ seen, growth }));
else print(seen);

function print(seen: readonly Holding[]): void {
  const step = Math.ceil(seen.length / 12);
  console.table(
    seen.filter((_, i) => i % step === 0 || i === seen.length - 1).map((one) =>
      Object.fromEntries(
        Object.entries(one).map(([name, value]) => [name, Math.round(value)]),
      )
    ),
  );
  console.log("Growth from the second quarter to the last:", growth);
  const slope = slopeOf(seen).toFixed(1);
  console.log(`Resident memory after the first quarter: ${slope} KB/min`);
}
