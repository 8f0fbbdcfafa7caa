import assert from "node:assert/strict";
import {
  growthOf,
  type Holding,
  longTraining,
  shortTrainings,
} from "../../tasks/soak/run.ts";

// What V8 takes before it collects comes to tens of MB in seconds; minutes and an hour are held to less in the slow tier.
function assertNothingStays(seen: Holding[]): void {
  const growth = growthOf(seen);
  assert(seen.length >= 4);
  assert(growth.residentMb < 40, JSON.stringify(growth));
  assert(growth.heapMb < 12, JSON.stringify(growth));
  assert(growth.threads <= 6 && growth.openFiles <= 4, JSON.stringify(growth));
}

Deno.test("short trainings in one process, stopped ones among them, leave no thread and no file open", async () => {
  assertNothingStays(await shortTrainings(21, "cpu"));
});

Deno.test("a training of some seconds holds no more at its end", async () => {
  assertNothingStays(await longTraining(6, "cpu"));
});
