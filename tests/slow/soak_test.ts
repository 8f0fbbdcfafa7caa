import assert from "node:assert/strict";
import {
  growthOf,
  type Holding,
  longTraining,
  shortTrainings,
} from "../../tasks/soak/run.ts";

// What V8 leaves lying before it collects: an hour's training went up and down by 45 MB, one of two minutes grew by
// 8, a thousand short ones by 14 to 26. A batch of rows kept by mistake in each run would come to more.
function assertFlat(seen: Holding[], residentMb: number): void {
  const growth = growthOf(seen);
  console.log(seen.at(-1), growth);
  assert(growth.residentMb < residentMb, JSON.stringify(growth));
  assert(growth.heapMb < 12, JSON.stringify(growth));
  assert(growth.threads <= 6 && growth.openFiles <= 4, JSON.stringify(growth));
}

Deno.test("hundreds of short trainings in one process leave nothing behind", async () => {
  assertFlat(await shortTrainings(240, "cpu"), 40);
});

Deno.test("short trainings on the GPU leave nothing behind", async () => {
  assertFlat(await shortTrainings(32, "gpu"), 24);
});

for (const device of ["cpu", "gpu"] as const) {
  Deno.test(`a long training on the ${device} holds no more at its end than when it was warm`, async () => {
    assertFlat(await longTraining(30, device), 24);
  });
}
