import assert from "node:assert/strict";
import {
  growthOf,
  type Holding,
  longTraining,
  shortTrainings,
} from "../../tasks/soak/run.ts";

// V8 takes memory in steps of tens of MB; one batch of rows kept by mistake in each run would come to more.
function assertFlat(seen: Holding[], residentMb: number): void {
  const growth = growthOf(seen);
  console.log(seen.at(-1), growth);
  assert(growth.residentMb < residentMb, JSON.stringify(growth));
  assert(growth.heapMb < 16, JSON.stringify(growth));
  assert(growth.threads <= 6 && growth.openFiles <= 4, JSON.stringify(growth));
}

Deno.test("a thousand short trainings in one process leave nothing behind", async () => {
  assertFlat(await shortTrainings(1000, "cpu"), 48);
});

Deno.test("short trainings on the GPU leave nothing behind", async () => {
  assertFlat(await shortTrainings(32, "gpu"), 48);
});

Deno.test("a long training holds no more at its end than when it was warm", async () => {
  assertFlat(await longTraining(60, "cpu"), 64);
});
